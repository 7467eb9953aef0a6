// The rows of a table, then its changes, as one stream that survives reconnects: a file of its own for supabase-js.
//
//   import { follow } from "https://your.server/realtime/v1/follow.js";
//   for await (const { type, row } of follow(supabase, "jobs", { filter: "status=eq.open" })) show(type, row);
//
// Types: ROW (one of the first rows), INSERT, UPDATE, DELETE (`old` is the row; it may have left the filter), and RESYNC:
// changes were missed that nobody can tell any more, so forget all rows; they follow again as ROW. `cursor` is where to go
// on with `since`, after a reload of the page: then the first rows are left out. Leaving the loop leaves the channel.

let count = 0;

export async function* follow(client, table, options = {}) {
  const { select, key = "id", page = 1000, since = null } = options;
  const terms = [options.filter ?? []].flat();
  const waiting = [];
  let cursor = since;
  let wake = () => {};
  const put = (item) => { waiting.push(item); wake(); };
  const read = () => rows(client, table, terms, select, key, page);

  let first = [];
  if (cursor === null) [first, cursor] = await read();
  for (const row of first) yield { type: "ROW", row, old: null, cursor };

  const channel = client.channel(`follow:${table}:${++count}`);
  const reached = (position) => { cursor = position; channel.updateJoinPayload({ resume: cursor }); };
  const binding = { event: "*", schema: "public", table };
  if (terms.length) binding.filter = terms.map(quoted).join(",");
  if (select) binding.select = [select].flat().join(",").split(",").map((name) => name.trim());
  channel.on("postgres_changes", binding, (change) => {
    const [row, old] = [change.new, change.old];
    reached(change.commit_timestamp);
    put({ type: change.eventType, row: change.eventType === "DELETE" ? null : row, old, cursor });
  });
  channel.on("system", {}, (said) => {
    if (said.extension === "jotbase") {
      reached(said.cursor);
      if (said.gap) put({ type: "RESYNC", row: null, old: null, cursor });
    } else if (said.status === "error") put(new Error(said.message));
  });
  channel.updateJoinPayload({ resume: cursor });
  channel.subscribe((status, error) => {
    if (status === "CLOSED") put(error ?? new Error("the server has closed the channel"));
  });
  try {
    for (let known = ""; ;) {
      while (!waiting.length) await new Promise((resolve) => { wake = resolve; });
      const item = waiting.shift();
      if (item instanceof Error) throw item;
      if (item.type === "RESYNC") {
        yield item;
        const [again, position] = await read();
        known = number(position);
        for (const row of again) yield { type: "ROW", row, old: null, cursor: position };
      } else if (number(item.cursor) > known) yield item;
    }
  } finally {
    await client.removeChannel(channel);
  }
}

// All rows by their key, a page at a time, and a cursor from which on nothing of them is missed.
async function rows(client, table, terms, select, key, page) {
  const found = [];
  let position = null;
  for (let part = null; part === null || part.length === page;) {
    const query = new URLSearchParams({ order: key, limit: page });
    if (select) query.set("select", [...new Set([key, ...[select].flat().join(",").split(",")])].join(","));
    for (const term of terms) query.append(term.slice(0, term.indexOf("=")), term.slice(term.indexOf("=") + 1));
    if (found.length) query.append(key, `gt.${found.at(-1)[key]}`);
    const answer = await client.rest.fetch(`${client.rest.url}/${table}?${query}`, { headers: client.rest.headers });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    position ??= answer.headers.get("x-jotbase-cursor");
    found.push(...(part = await answer.json()));
  }
  return [found, position];
}

// The digits of the change in a cursor, or in a commit_timestamp, which is one.
const number = (cursor) => /\.\d{3}(\d{15})/.exec(cursor)?.[1] ?? String(cursor).split("-")[0].padStart(15, "0");

// A filter of the data API as one of a subscription, where a comma begins the next.
function quoted(term) {
  const [, head, operator, value] = /^([^=]+=(?:not\.)?)(\w+)\.(.*)$/s.exec(term) ?? [];
  if (operator === undefined || operator === "in" || !/[,()"\\]/.test(value)) return term;
  return `${head}${operator}."${value.replace(/["\\]/g, "\\$&")}"`;
}
