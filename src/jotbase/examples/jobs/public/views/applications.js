/** My applications, and what became of them. */

import { company } from "../companies.js";
import { list, remove } from "../data.js";
import { ask, empty, fill, h, loading } from "../dom.js";
import { keyed } from "../keyed.js";
import { user } from "../session.js";
import { age } from "../text.js";
import { pill, tile } from "./card.js";

export function applicationsView({ announce, notice }) {
  let mine = [];
  const jobs = new Map();
  const items = h("ul", { class: "list", "data-testid": "my-applications" });
  const instead = h("div", {}, loading(3)); // what stands there while there are no items
  const drawItems = keyed(items, {
    key: ({ id }) => id,
    facts: (application) => [application, jobs.get(application.job)?.title],
    make: item,
  });

  async function refresh() {
    mine = await list("applications", { applicant: `eq.${user().id}`, order: "created_at.desc" });
    await readJobs(mine.map(({ job }) => job));
    draw();
  }

  async function readJobs(ids) {
    if (!ids.length) return;
    for (const job of await list("jobs", { id: `in.(${ids})` })) jobs.set(job.id, job);
  }

  function draw(options) {
    drawItems(mine, options);
    fill(instead, mine.length ? null : nothingSent());
  }

  function item(application) {
    const job = jobs.get(application.job);
    const employer = company(job?.company ?? "?");
    const act = () => take(application);
    const withdraw = h("button", { type: "button", class: "small bad", onclick: act, "data-testid": "withdraw" }, "Withdraw");
    return h(
      "li",
      { class: "card job", "data-testid": "my-application", "data-application-id": application.id },
      tile(employer),
      h(
        "div",
        { class: "what" },
        h("h2", {}, h("a", { href: `#/jobs/${application.job}` }, job?.title ?? "A position that is not public")),
        h("p", { class: "where" }, h("strong", {}, employer.name), h("span", {}, `sent ${age(application.created_at)}`)),
        h("p", { class: "note" }, application.note),
      ),
      h("div", { class: "pay" }, pill(application.status), withdraw),
    );
  }

  async function take({ id }) {
    if (!(await ask("Withdraw this application?", "Withdraw"))) return;
    try {
      await remove("applications", { id: `eq.${id}` });
      mine = mine.filter((application) => application.id !== id);
      draw();
      notice("Withdrawn.");
    } catch (error) {
      notice(error.message, "bad");
    }
  }

  async function change({ type, table, row, old }) {
    if (table === "jobs" && jobs.has(row.id)) jobs.set(row.id, row);
    if (table === "applications" && type === "DELETE") mine = mine.filter(({ id }) => id !== old.id);
    if (table === "applications" && row.applicant === user()?.id) await put(row);
    draw({ live: true });
  }

  async function put(row) {
    if (!jobs.has(row.job)) await readJobs([row.job]);
    const before = mine.find(({ id }) => id === row.id);
    mine = before ? mine.map((each) => (each.id === row.id ? row : each)) : [row, ...mine];
    if (!before || before.status === row.status) return;
    announce(`Your application to ${jobs.get(row.job)?.title} is now: ${row.status}.`);
  }

  const node = h("div", { class: "narrow" }, h("h1", { tabindex: "-1" }, "My applications"), items, instead);
  return { title: "My applications", node, refresh, change };
}

function nothingSent() {
  const find = h("a", { class: "button primary", href: "#/" }, "Look at open positions");
  return empty("Nothing sent yet", "What you apply to is listed here, with every answer.", find);
}
