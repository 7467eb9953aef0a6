/** Posting a position, and editing one. */

import { ownedBy } from "../companies.js";
import { insert, one, update } from "../data.js";
import { empty, fill, h, loading, select } from "../dom.js";
import { field, form, number, orNull } from "../form.js";
import { user } from "../session.js";
import { words } from "../text.js";

const KINDS = ["full-time", "part-time", "contract", "internship"].map((kind) => [kind, kind]);
const BLANK = { employment: "full-time", remote: false, tags: [], status: "open" };

export function postView({ id, query, notice, navigate }) {
  const node = h("div", { class: "narrow" }, loading(2));
  let drawn = false;

  async function refresh() {
    if (drawn) return; // what is being written stays
    const job = id ? await one("jobs", { id: `eq.${id}`, posted_by: `eq.${user().id}` }) : { ...BLANK, company: query.company };
    const mine = ownedBy(user());
    if (!job) return fill(node, empty("Not yours", "Only the poster of a position can edit it."));
    if (!mine.length) return fill(node, needsCompany());
    drawn = true;
    fill(
      node,
      h("h1", { tabindex: "-1" }, id ? "Edit position" : "Post a position"),
      h("p", { class: "lead" }, id ? "Readers see the change at once." : "It is on everybody's screen the moment you send it."),
      jobForm(job, mine, { id, notice, navigate }),
    );
  }

  return { title: id ? "Edit position" : "Post a position", node, refresh };
}

const needsCompany = () =>
  empty(
    "First, a company",
    "Positions are posted in a company's name. Found yours; it takes a minute.",
    h("a", { class: "button primary", href: "#/companies/new", "data-testid": "found-company" }, "Found a company"),
  );

function jobForm(job, mine, { id, notice, navigate }) {
  return form({
    testid: "post",
    submit: id ? "Save" : "Post position",
    fields: fields(job, mine, Boolean(id)),
    saying: { 42501: "Only a company's owner posts in its name.", 23505: "This company has a position with that title already." },
    async act(values) {
      const row = toRow(values);
      if (id) delete row.company; // it stays where it was posted
      const stored = id ? await update("jobs", { id: `eq.${id}` }, row) : await insert("jobs", row);
      if (!stored) throw new Error("This position is not there any more.");
      notice(id ? "Saved." : stored.status === "draft" ? "Saved as a draft." : "Posted.");
      navigate(stored.status === "draft" ? "#/hiring" : `#/jobs/${stored.id}`);
    },
  });
}

function fields(job, mine, fixed) {
  const text = (name, extra = {}) => h("input", { type: "text", value: job[name] ?? "", "data-testid": `post-${name}`, ...extra });
  const employers = mine.map(({ handle, name }) => [handle, name]);
  const statuses = [["open", "Open: everybody sees it"], ["draft", "Draft: only you see it"]];
  if (fixed) statuses.push(["closed", "Closed: no more applications"]);
  const company = select({ "data-testid": "post-company", disabled: fixed }, employers, job.company);
  const percent = job.equity ? Number((job.equity * 100).toFixed(4)) : "";
  return [
    field("company", "Company", company),
    field("title", "Title", text("title")),
    field("description", "Description", h("textarea", { rows: 8, value: job.description ?? "", "data-testid": "post-description" }), { hint: "What is to be done, with whom, and what you hope for." }),
    field("employment", "Kind", select({ "data-testid": "post-employment" }, KINDS, job.employment)),
    field("remote", "Can be done from anywhere", h("input", { type: "checkbox", checked: job.remote, "data-testid": "post-remote" })),
    field("location", "Place", text("location"), { hint: "Needed unless the work is remote." }),
    field("salary", "Salary", text("salary", { inputmode: "numeric" }), { hint: "Euros a year, gross.", optional: true }),
    field("equity", "Equity", text("equity", { value: percent, inputmode: "decimal" }), { hint: "Per cent of the company.", optional: true }),
    field("tags", "Tags", text("tags", { value: job.tags.join(", ") }), {
      hint: "Up to eight, with commas between: python, design",
      optional: true,
      saying: { pattern: "A tag is made of small letters, digits and + # . - without spaces." },
    }),
    field("status", "Status", select({ "data-testid": "post-status" }, statuses, job.status)),
  ];
}

function toRow(values) {
  const equity = number(values.equity);
  return {
    ...values,
    location: orNull(values.location),
    salary: number(values.salary),
    equity: typeof equity === "number" ? equity / 100 : equity,
    tags: words(values.tags.toLowerCase()),
  };
}
