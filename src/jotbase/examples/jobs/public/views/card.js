/** One position as it stands in a list. */

import { company } from "../companies.js";
import { h } from "../dom.js";
import { age, equity, initials, place, salary, tone } from "../text.js";

/** The tile that stands for a company's logo. */
export const tile = ({ handle, name }) =>
  h("span", { class: `tile tone-${tone(handle)}`, "aria-hidden": "true" }, initials(name));

/** A coloured word for a status. */
export const pill = (status) =>
  h("span", { class: `pill ${status}`, "data-testid": "status", "data-status": status }, status);

/** The list item; `onTag` is called with a tag that was clicked. */
export function jobCard(job, { onTag }) {
  const employer = company(job.company);
  const tag = (name) => h("button", { type: "button", class: "chip", onclick: () => onTag(name) }, name);
  return h(
    "li",
    { class: "card job", "data-testid": "job-card", "data-job-id": job.id, "data-title": job.title },
    tile(employer),
    h(
      "div",
      { class: "what" },
      h("h2", {}, h("a", { href: `#/jobs/${job.id}`, "data-testid": "job-link" }, job.title)),
      h("p", { class: "where" }, h("strong", { "data-testid": "job-company" }, employer.name), ...facts(job)),
      job.tags.length ? h("p", { class: "chips" }, job.tags.map(tag)) : null,
    ),
    h(
      "div",
      { class: "pay" },
      h("span", { class: job.salary === null ? "quiet" : "sum", "data-testid": "job-salary" }, salary(job.salary)),
      job.equity ? h("span", { class: "quiet" }, equity(job.equity)) : null,
      h("time", { class: "quiet", datetime: job.created_at }, age(job.created_at)),
    ),
  );
}

/** What everybody asks first, separated by dots in the style sheet. */
const facts = (job) => [place(job), job.employment].filter(Boolean).map((fact) => h("span", {}, fact));

