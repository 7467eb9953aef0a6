/** What a reader looks for: as form controls, as a query to the server, as a test of one row. */

import { companies } from "../companies.js";
import { fill, h, select } from "../dom.js";
import { salary } from "../text.js";

const SALARIES = [40000, 50000, 60000, 70000, 80000, 90000];

/** PostgREST's query for these filters. */
export function toQuery({ q, company, remote, salary: least }) {
  const query = { select: "*", status: "eq.open", order: "created_at.desc,id.desc", limit: 500 };
  if (q) query.title = `ilike.*${q.replace(/[\\%_]/g, "\\$&").replaceAll("*", "_")}*`;
  if (company) query.company = `eq.${company}`;
  if (remote) query.remote = "is.true";
  if (least) query.salary = `gte.${least}`;
  return query;
}

/** Whether a row fits; the same question as `toQuery`, and the tag, for rows that come over the socket. */
export function fits(job, { q, company, remote, salary: least, tag }) {
  return (
    job.status === "open" &&
    (!q || job.title.toLowerCase().includes(q.toLowerCase())) &&
    (!company || job.company === company) &&
    (!remote || job.remote) &&
    (!least || job.salary >= Number(least)) &&
    (!tag || job.tags.includes(tag))
  );
}

/** The filter bar. `onInput` is called with the filters whenever one changes. */
export function filterBar(filters, onInput) {
  const search = h("input", {
    type: "search",
    name: "q",
    placeholder: "Search titles",
    value: filters.q ?? "",
    "data-testid": "filter-search",
  });
  const employer = select({ name: "company", "data-testid": "filter-company" }, employers(), filters.company);
  const tag = select({ name: "tag", "data-testid": "filter-tag" }, [["", "Any tag"]]);
  const least = select({ name: "salary", "data-testid": "filter-salary" }, pay(), filters.salary);
  const remote = h("input", {
    type: "checkbox",
    name: "remote",
    value: "true",
    checked: filters.remote === "true",
    "data-testid": "filter-remote",
  });
  const node = h(
    "form",
    { class: "filters", role: "search", "aria-label": "Positions", "data-testid": "filters" },
    h("label", { class: "grow" }, h("span", { class: "unseen" }, "Search titles"), search),
    labelled("Company", employer),
    labelled("Tag", tag),
    labelled("Salary", least),
    h("label", { class: "toggle" }, remote, "Remote only"),
  );
  let typing = 0;
  const tell = () => onInput(Object.fromEntries(new FormData(node)));
  node.addEventListener("submit", (event) => event.preventDefault());
  node.addEventListener("change", tell);
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(tell, 200);
  });
  return {
    node,
    /** Offer these tags, and keep or set the chosen one. */
    offer(tags, chosen = tag.value) {
      const names = [...new Set([...tags, chosen])].filter(Boolean).sort();
      fill(tag, [["", "Any tag"], ...names.map((name) => [name, name])].map(option(chosen)));
    },
    /** Offer the companies of now. */
    employers() {
      fill(employer, employers().map(option(employer.value)));
    },
    choose(name) {
      this.offer([...tag.options].map(({ value }) => value), name);
      tell();
    },
  };
}

const option = (chosen) => ([value, label]) => h("option", { value, selected: value === chosen }, label);
const labelled = (label, control) => h("label", {}, h("span", { class: "unseen" }, label), control);
const employers = () => [["", "Any company"], ...companies().map(({ handle, name }) => [handle, name])];
const pay = () => [["", "Any salary"], ...SALARIES.map((amount) => [amount, `From ${salary(amount)}`])];
