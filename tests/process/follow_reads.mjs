// Follows by the shipped helper with a `fetch` that has one outcome a call, given as JSON: a status, null for no
// connection, 0 for one that breaks within the answer. Tells how often it was called, and the rows or the error.
const [helper, given] = process.argv.slice(2);
const { follow } = await import(helper);
const outcomes = JSON.parse(given);
let calls = 0;
const fetch = async () => {
  const outcome = outcomes[calls++];
  if (outcome === null) throw new TypeError("fetch failed");
  const body = outcome === 0
    ? new ReadableStream({ start: (stream) => stream.error(new TypeError("terminated")) })
    : outcome === 200 ? '[{"id":1},{"id":2}]' : "no";
  return new Response(body, { status: outcome || 200, headers: { "x-jotbase-cursor": "7-x" } });
};
const rows = [];
try {
  for await (const { row, cursor } of follow({ rest: { fetch, url: "http://x", headers: {} } }, "notes")) {
    if (rows.push([row.id, cursor]) === 2) break;
  }
  console.log(JSON.stringify([calls, rows]));
} catch (error) {
  console.log(JSON.stringify([calls, error.message]));
}
