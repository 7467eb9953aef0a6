/** The open positions: filtered by the server, kept up to date by the socket. */

import { company } from "../companies.js";
import { list } from "../data.js";
import { empty, fill, h, loading } from "../dom.js";
import { keyed } from "../keyed.js";
import { plural } from "../text.js";
import { jobCard } from "./card.js";
import { filterBar, fits, toQuery } from "./filters.js";
import { statsPanel } from "./stats.js";

export function jobsView({ query, replaceQuery, announce }) {
  let filters = { ...query };
  let asked = 0;
  const jobs = new Map();
  const cards = h("ul", { class: "list", "data-testid": "job-list" });
  const instead = h("div", {}, loading(6)); // what stands there while there are no cards
  const counter = h("p", { class: "lead", role: "status", "data-testid": "job-count" });
  const pick = (tag) => bar.choose(tag);
  const stats = statsPanel(pick);
  const bar = filterBar(filters, (next) => {
    filters = Object.fromEntries(Object.entries(next).filter(([, value]) => value));
    replaceQuery(filters);
    return refresh();
  });
  const drawCards = keyed(cards, {
    key: ({ id }) => id,
    facts: (job) => [job, company(job.company).name],
    make: (job) => jobCard(job, { onTag: pick }),
  });

  async function refresh() {
    const question = ++asked;
    const rows = await list("jobs", toQuery(filters));
    if (question !== asked) return; // a newer question is on its way
    jobs.clear();
    // Tags are told apart here: the data API has no filter for what an array contains yet.
    for (const row of rows) if (fits(row, filters)) jobs.set(row.id, row);
    bar.offer(new Set(rows.flatMap(({ tags }) => tags)), filters.tag);
    draw();
    await stats.refresh();
  }

  function draw(options) {
    drawCards([...jobs.values()].sort(newestFirst), options);
    const isFiltered = Object.keys(filters).length > 0;
    counter.textContent = `${plural(jobs.size, "position")}${isFiltered ? " found" : ", newest first"}`;
    fill(instead, jobs.size ? null : isFiltered ? nothingFits() : allQuiet());
  }

  function change({ type, table, row, old }) {
    if (table === "companies") bar.employers();
    if (table === "jobs") {
      const id = type === "DELETE" ? old.id : row.id;
      const before = jobs.get(id);
      if (type !== "DELETE" && fits(row, filters)) jobs.set(id, row);
      else jobs.delete(id);
      announce(told(before, jobs.get(id)));
      stats.refreshSoon();
    }
    draw({ live: true });
  }

  bar.offer([], filters.tag);
  const node = h(
    "div",
    { class: "board" },
    h("div", { class: "heading" }, h("h1", { tabindex: "-1" }, "Open positions"), counter),
    bar.node,
    h("div", {}, cards, instead),
    stats.node,
  );
  return { title: "Open positions", node, refresh, change };
}

function told(before, after) {
  if (!after) return before ? `No longer listed: ${before.title}.` : "";
  return `${before ? "Changed" : "New"}: ${after.title} at ${company(after.company).name}.`;
}

const newestFirst = (a, b) =>
  a.created_at === b.created_at ? b.id - a.id : a.created_at < b.created_at ? 1 : -1;

const nothingFits = () =>
  empty("Nothing fits", "No open position matches all of these filters. Try with fewer.");

const allQuiet = () =>
  empty("All quiet", "Nobody is hiring right now. A position that is posted shows up here at once.");
