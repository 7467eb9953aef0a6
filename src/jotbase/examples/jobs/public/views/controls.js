/** What a poster may do with a position: edit, open, close, delete. */

import { remove, update } from "../data.js";
import { ask, h } from "../dom.js";

const NEXT = {
  draft: ["open", "Publish"],
  open: ["closed", "Close"],
  closed: ["open", "Reopen"],
};

/** `onChange` is told what was done, in the form in which the socket tells it. */
export function jobControls(job, { notice, onChange }) {
  const query = { id: `eq.${job.id}` };
  const attempt = async (act) => {
    try {
      await act();
    } catch (error) {
      notice(error.message, "bad");
    }
  };
  const [status, label] = NEXT[job.status];
  const turn = () =>
    attempt(async () => {
      const row = await update("jobs", query, { status });
      if (row) onChange({ type: "UPDATE", table: "jobs", row, old: { id: job.id } });
    });
  const destroy = () =>
    attempt(async () => {
      if (!(await ask(`Delete “${job.title}” and all applications to it?`, "Delete"))) return;
      await remove("jobs", query);
      notice(`“${job.title}” was deleted.`);
      onChange({ type: "DELETE", table: "jobs", row: {}, old: { id: job.id } });
    });
  return h(
    "p",
    { class: "actions" },
    h("a", { class: "button", href: `#/jobs/${job.id}/edit`, "data-testid": "job-edit" }, "Edit"),
    h("button", { type: "button", onclick: turn, "data-testid": "job-turn", "data-to": status }, label),
    h("button", { type: "button", class: "bad", onclick: destroy, "data-testid": "job-delete" }, "Delete"),
  );
}
