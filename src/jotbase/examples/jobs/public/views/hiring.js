/** My positions with the applications that came in for them. */

import { company } from "../companies.js";
import { list, update } from "../data.js";
import { empty, fill, h, loading, select } from "../dom.js";
import { keyed } from "../keyed.js";
import { user } from "../session.js";
import { age, place, plural, salary } from "../text.js";
import { pill } from "./card.js";
import { jobControls } from "./controls.js";

const STATUSES = ["sent", "reviewing", "interview", "offered", "declined"].map((status) => [status, status]);

export function hiringView({ announce, notice }) {
  const jobs = new Map();
  const applications = new Map();
  const profiles = new Map();
  const sections = h("div", {});
  const instead = h("div", {}, loading(3)); // what stands there while there are no positions
  const drawReceived = new Map(); // by job: draws the applications in its section
  const drawSections = keyed(sections, {
    key: ({ id }) => id,
    facts: (job) => [job, company(job.company).name],
    make: section,
  });

  async function refresh() {
    const rows = await list("jobs", { posted_by: `eq.${user().id}`, order: "id.desc" });
    renew(jobs, rows);
    const found = rows.length ? await list("applications", { job: `in.(${rows.map(({ id }) => id)})`, order: "created_at.asc" }) : [];
    renew(applications, found);
    await readProfiles(found.map(({ applicant }) => applicant));
    draw();
  }

  async function readProfiles(ids) {
    if (!ids.length) return;
    for (const row of await list("profiles", { id: `in.(${[...new Set(ids)]})` })) profiles.set(row.id, row);
  }

  function draw(options) {
    drawSections([...jobs.values()].sort(newestFirst), options);
    for (const { id } of jobs.values()) {
      const arrived = [...applications.values()].filter(({ job }) => job === id);
      drawReceived.get(id)(arrived, options);
    }
    fill(instead, jobs.size ? null : nothingPosted());
  }

  function section(job) {
    const items = h("ul", { class: "received" });
    const facts = (application) => [application, profiles.get(application.applicant)];
    drawReceived.set(job.id, keyed(items, { key: ({ id }) => id, facts, make: received }));
    const title = h("h2", {}, h("a", { href: `#/jobs/${job.id}` }, job.title), " ", pill(job.status));
    return h(
      "section",
      { class: "card own", "data-testid": "own-job", "data-job-id": job.id, "aria-label": job.title },
      h("header", {}, h("div", { class: "what" }, title, summary(job)), jobControls(job, { notice, onChange: change })),
      items,
      h("p", { class: "quiet none" }, job.status === "draft" ? "Only you see this draft." : "No applications yet."),
    );
  }

  function received(application) {
    const profile = profiles.get(application.applicant);
    const name = profile?.name ?? "Somebody without a profile";
    const headline = profile?.headline ? h("span", { class: "quiet" }, ` ${profile.headline}`) : null;
    const decision = { onchange: ({ target }) => decide(application, target) };
    const status = select(
      { ...decision, "aria-label": `Status of ${name}`, "data-testid": "application-status" },
      STATUSES,
      application.status,
    );
    return h(
      "li",
      { "data-testid": "application", "data-application-id": application.id },
      h("div", { class: "what" }, h("h3", {}, name, headline), contact(profile), h("p", { class: "note" }, application.note)),
      h("div", { class: "pay" }, status, h("time", { class: "quiet", datetime: application.created_at }, age(application.created_at))),
    );
  }

  async function decide(application, control) {
    try {
      const stored = await update("applications", { id: `eq.${application.id}` }, { status: control.value });
      if (!stored) throw new Error("This application was withdrawn.");
      applications.set(stored.id, stored);
      draw();
      notice(`Set to ${stored.status}.`);
    } catch (error) {
      control.value = application.status;
      notice(error.message, "bad");
    }
  }

  async function change({ type, table, row, old }) {
    const rows = { jobs, applications }[table];
    if (rows && type === "DELETE") rows.delete(old.id);
    else if (table === "jobs" && row.posted_by === user()?.id) jobs.set(row.id, row);
    else if (table === "applications" && jobs.has(row.job)) await receive(row);
    draw({ live: true });
  }

  async function receive(row) {
    if (!profiles.has(row.applicant)) await readProfiles([row.applicant]);
    if (!applications.has(row.id)) announce(`New application to ${jobs.get(row.job)?.title}.`);
    applications.set(row.id, row);
  }

  const found = h("a", { class: "button", href: "#/companies/new", "data-testid": "new-company" }, "Found a company");
  const heading = h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, "Hiring"), found);
  return { title: "Hiring", node: h("div", { class: "narrow" }, heading, sections, instead), refresh, change };
}

function nothingPosted() {
  const post = h("a", { class: "button primary", href: "#/post", "data-testid": "hiring-post" }, "Post a position");
  return empty("No positions yet", "Post one, and the applications come in here.", post);
}

const renew = (map, rows) => {
  map.clear();
  for (const row of rows) map.set(row.id, row);
};

const newestFirst = (a, b) => b.id - a.id;

const summary = (job) =>
  h("p", { class: "where" }, [company(job.company).name, place(job), salary(job.salary)].filter(Boolean).map((fact) => h("span", {}, fact)));

function contact(profile) {
  if (!profile) return null;
  const skills = profile.skills.length ? profile.skills.join(", ") : null;
  const mail = profile.contact ? h("a", { href: `mailto:${profile.contact}` }, profile.contact) : null;
  const site = profile.website ? h("a", { href: profile.website, rel: "noopener" }, "Website") : null;
  const parts = [skills, mail, site].filter(Boolean).map((part) => h("span", {}, part));
  return parts.length ? h("p", { class: "where" }, parts) : null;
}
