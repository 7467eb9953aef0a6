// The rows of a table, then its changes, as one stream that survives reconnects: a file of its own for supabase-js.
//
//   import { follow } from "https://your.server/realtime/v1/follow.js";
//   for await (const { type, row } of follow(supabase, "jobs", { filter: "status=eq.open" })) show(type, row);
//
// Types: ROW (one of the first rows), INSERT, UPDATE, DELETE (`old` is the row; it may have left the filter), and RESYNC:
// changes were missed that nobody can tell any more, so forget all rows; they follow again as ROW. `cursor` is where to go
// on with `since`, after a reload of the page: then the first rows are left out. Leaving the loop leaves the channel.

let count = 0;

// How often the first rows are asked for where there is no connection; what a proxy answers while the server is away.
const TRIES = 5;
const AWAY = [502, 503, 504];

export async function* follow(client, table, options = {}) {
  const { select, key = "id", page = 1000, since = null } = options;
  const terms = [options.filter ?? []].flat();
  const waiting = [];
  let cursor = since;
  let wake = () => {};
  const put = (item) => { waiting.push(item); wake(); };
  const read = (tries = Infinity) => again(() => rows(client, table, terms, select, key, page), tries);

  let first = [];
  if (cursor === null) [first, cursor] = await read(TRIES);
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
        const [found, position] = await read();
        known = number(position);
        for (const row of found) yield { type: "ROW", row, old: null, cursor: position };
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
    const url = `${client.rest.url}/${table}?${query}`;
    const answer = await client.rest.fetch(url, { headers: client.rest.headers }).catch(away);
    const text = await answer.text().catch(away);
    if (AWAY.includes(answer.status)) away(new Error(`${answer.status}: ${text}`));
    if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
    position ??= answer.headers.get("x-jotbase-cursor");
    found.push(...(part = JSON.parse(text)));
  }
  return [found, position];
}

class Away extends Error {}

const away = (cause) => { throw new Away(cause.message, { cause }); };

// What a read gives; where there is no connection it is tried so many times, after 100 ms, 200 ms, ... 5 s.
async function again(read, tries) {
  for (let made = 1; ; made++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Away) || made >= tries) throw error;
      await new Promise((resolve) => { setTimeout(resolve, Math.min(50 * 2 ** made, 5000)); });
    }
  }
}

// The digits of the change in a cursor, or in a commit_timestamp, which is one.
const number = (cursor) => /\.\d{3}(\d{15})/.exec(cursor)?.[1] ?? String(cursor).split("-")[0].padStart(15, "0");

// A filter of the data API as one of a subscription, where a comma begins the next.
function quoted(term) {
  const [, head, operator, value] = /^([^=]+=(?:not\.)?)(\w+)\.(.*)$/s.exec(term) ?? [];
  if (operator === undefined || operator === "in" || !/[,()"\\]/.test(value)) return term;
  return `${head}${operator}."${value.replace(/["\\]/g, "\\$&")}"`;
}
