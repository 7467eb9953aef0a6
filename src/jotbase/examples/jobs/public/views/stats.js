/** What open positions pay, by tag: the answer of the project's own function, /functions/v1/stats. */

import { call } from "../data.js";
import { fill, h } from "../dom.js";
import { plural, salary } from "../text.js";

const ROWS = 8;

export function statsPanel(onTag) {
  const body = h("div", { "aria-live": "off" }, h("p", { class: "quiet" }, "Counting…"));
  const node = h(
    "aside",
    { class: "stats", "aria-labelledby": "stats-title", "data-testid": "stats" },
    h("h2", { id: "stats-title" }, "What they pay"),
    body,
  );
  let soon = 0;

  async function refresh() {
    try {
      const { tags, drafts } = await call("stats");
      const rows = tags.filter((row) => row.salary !== null).slice(0, ROWS);
      fill(body, rows.length ? table(rows, onTag) : h("p", { class: "quiet" }, "No salaries yet."), hint(drafts));
    } catch (error) {
      fill(body, h("p", { class: "quiet" }, `No figures: ${error.message}`));
    }
  }

  return {
    node,
    refresh,
    refreshSoon() {
      clearTimeout(soon);
      soon = setTimeout(refresh, 600);
    },
  };
}

function table(rows, onTag) {
  const most = Math.max(...rows.map((row) => row.salary));
  return h(
    "table",
    {},
    h("caption", {}, "Median salary of open positions"),
    h("tbody", {}, rows.map((row) => line(row, most, onTag))),
  );
}

function line({ tag, open, salary: median }, most, onTag) {
  const bar = h("span", { class: "meter" });
  bar.style.setProperty("--part", median / most);
  const pick = h("button", { type: "button", class: "plain", onclick: () => onTag(tag) }, tag);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, pick, h("span", { class: "quiet" }, ` ${open}`)),
    h("td", {}, salary(median), bar),
  );
}

const hint = (drafts) =>
  drafts ? h("p", { class: "quiet" }, h("a", { href: "#/hiring" }, `You have ${plural(drafts, "draft")}.`)) : null;
