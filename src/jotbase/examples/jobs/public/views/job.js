/** One position: everything about it, and what this reader may do with it. */

import { company } from "../companies.js";
import { insert, one } from "../data.js";
import { empty, fill, flash, h, loading } from "../dom.js";
import { field, form } from "../form.js";
import { user } from "../session.js";
import { age, equity, place, salary } from "../text.js";
import { pill, tile } from "./card.js";
import { jobControls } from "./controls.js";

export function jobView({ id, announce, notice }) {
  const node = h("div", { class: "narrow" }, loading(2));
  const article = h("article", { class: "position", "data-testid": "job-detail" });
  const panel = h("section", { class: "panel", "aria-label": "Apply" });
  let job = null;
  let application = null;

  async function refresh() {
    const mine = user() && one("applications", { job: `eq.${id}`, applicant: `eq.${user().id}` });
    [job, application] = await Promise.all([one("jobs", { id: `eq.${id}` }), mine]);
    if (!job) return gone();
    draw();
    drawPanel();
    if (!article.isConnected) fill(node, back(), article, panel);
  }

  function gone() {
    job = null;
    const home = h("a", { class: "button", href: "#/" }, "All positions");
    fill(node, empty("Not here (any more)", "This position was deleted, or it is not public.", home));
  }

  function draw() {
    const employer = company(job.company);
    fill(
      article,
      h("header", {}, tile(employer), h("div", {}, h("h1", { tabindex: "-1" }, job.title), byline(employer))),
      facts(job),
      job.description.split(/\n+/).map((paragraph) => h("p", {}, paragraph)),
      job.tags.length ? h("p", { class: "chips" }, job.tags.map(tagLink)) : null,
      employer.about ? h("div", { class: "about" }, h("h2", {}, `About ${employer.name}`), h("p", {}, employer.about)) : null,
    );
  }

  /** Draw what the reader may do, unless it is the same as before: a note being written stays. */
  function drawPanel() {
    const facts = JSON.stringify([job.status, job.posted_by, application, user()?.id]);
    if (facts === panel.dataset.facts) return;
    panel.dataset.facts = facts;
    if (job.posted_by && job.posted_by === user()?.id) fill(panel, ...owned());
    else if (application) fill(panel, ...applied());
    else if (job.status !== "open") fill(panel, h("h2", {}, "Closed"), h("p", {}, "This position takes no applications any more."));
    else if (!user()) fill(panel, ...stranger());
    else fill(panel, h("h2", {}, "Apply"), applicationForm());
  }

  const owned = () => [
    h("h2", {}, "Your position"),
    h("p", {}, "Applications arrive on the ", h("a", { href: "#/hiring" }, "hiring page"), "."),
    jobControls(job, { notice, onChange: change }),
  ];
  const applied = () => [
    h("h2", {}, "You applied"),
    h("p", { "data-testid": "applied" }, pill(application.status), ` ${age(application.created_at)}`),
    h("p", {}, h("a", { href: "#/applications" }, "All my applications")),
  ];
  const stranger = () => [
    h("h2", {}, "Interested?"),
    h("p", {}, "An account takes ten seconds."),
    h("a", { class: "button primary", href: `#/sign-up?to=${encodeURIComponent(`#/jobs/${id}`)}`, "data-testid": "apply-sign-up" }, "Sign up to apply"),
  ];

  function applicationForm() {
    const note = h("textarea", { rows: 7, "data-testid": "apply-note" });
    const hint = `Goes to ${company(job.company).name}, with your profile.`;
    return form({
      testid: "apply",
      submit: "Send application",
      fields: [field("note", "Your note", note, { hint })],
      saying: { 42501: "This position takes no applications from you: it was closed, or it is at your own company." },
      async act(values) {
        application = await insert("applications", { job: job.id, note: values.note });
        notice("Your application was sent.");
        drawPanel();
      },
    });
  }

  function change({ type, table, row, old }) {
    if (table === "companies" && job?.company === row.handle) draw();
    if (table === "applications" && application && (row.id ?? old.id) === application.id) {
      application = type === "DELETE" ? null : row;
      drawPanel();
    }
    if (table !== "jobs" || String(row.id ?? old.id) !== String(id)) return;
    if (type === "DELETE") return gone();
    if (!job) return refresh();
    if (JSON.stringify(row) === JSON.stringify(job)) return;
    job = row;
    draw();
    drawPanel();
    flash(article);
    announce(`Changed: ${job.title}.`);
  }

  return { title: "Position", node, refresh, change };
}

const back = () => h("p", {}, h("a", { class: "back", href: "#/" }, "All positions"));

function byline({ name, website, city }) {
  const employer = website ? h("a", { href: website, rel: "noopener" }, name) : h("strong", {}, name);
  return h("p", { class: "where" }, h("span", {}, employer), city ? h("span", {}, city) : null);
}

const tagLink = (tag) => h("a", { class: "chip", href: `#/?tag=${encodeURIComponent(tag)}` }, tag);

function facts(job) {
  const rows = [
    ["Salary", job.equity ? `${salary(job.salary)} + ${equity(job.equity)}` : salary(job.salary)],
    ["Place", place(job)],
    ["Kind", job.employment],
    ["Posted", age(job.created_at)],
  ];
  const status = job.status === "open" ? null : h("div", {}, h("dt", {}, "Status"), h("dd", {}, pill(job.status)));
  return h("dl", { class: "facts" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))), status);
}
