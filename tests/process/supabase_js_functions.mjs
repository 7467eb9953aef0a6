// Calls a project's views by supabase-js's functions.invoke; tells what came of each, by name.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = { auth: { persistSession: false }, realtime: { transport: WebSocket } };
const client = createClient(url, key, options);
const told = {};

const failed = async (error) => {
  const body = error.context instanceof Response ? await error.context.text() : null;
  return { error: error.name, status: error.context?.status ?? null, body: parsed(body), cause: error.context?.name ?? null };
};

const parsed = (text) => {
  try { return JSON.parse(text); } catch { return text; }
};

async function tell(name, view, asked = {}, by = client) {
  const { data, error } = await by.functions.invoke(view, asked);
  told[name] = error ? await failed(error) : data instanceof Blob ? [...new Uint8Array(await data.arrayBuffer())] : data;
}

// bodies
await tell("json", "echo", { body: { a: [1, "ä"] } });
await tell("text", "echo", { body: "hällo" });
await tell("bytes", "echo", { body: new Uint8Array([0, 255, 10]).buffer });
await tell("blob", "echo", { body: new Blob(["abc"]) });
const form = new FormData();
form.append("field", "wert");
form.append("file", new Blob(["content"]), "a.txt");
await tell("form", "echo", { body: form });
await tell("nothing", "echo");
for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
  await tell(method, "echo?a=1&b=x%20y", { method, ...(method === "GET" ? {} : { body: { n: 1 } }) });
}
await tell("a header", "header", { headers: { "x-custom": "own" } });

// answers
await tell("answer: text", "text");
await tell("answer: bytes", "bytes");

// a stream arrives while the view runs: the second event is sent once the first was read
const { data: stream } = await client.functions.invoke("events");
const reader = stream.body.getReader();
const decoder = new TextDecoder();
const first = decoder.decode((await reader.read()).value);
await client.functions.invoke("release");
let rest = "";
for (let part = await reader.read(); !part.done; part = await reader.read()) rest += decoder.decode(part.value);
told.stream = [first, rest];

// errors
await tell("an error of the view", "fail");
await tell("a crash", "crash");
await tell("no view", "nowhere");
await tell("a rule", "members");
await tell("a schema", "shaped", { body: { b: 1 } });
const foreign = { headers: { Authorization: "Bearer of.somebody.else" } };
await tell("a foreign token", "echo", foreign);
await tell("a foreign token where it is judged", "foreign", foreign);
await tell("nobody listens", "echo", {}, createClient("http://127.0.0.1:1", key, options));

// the signed-in user's token goes along
const { data: { user } } = await client.auth.signUp({ email: "ada@example.com", password: "correct horse battery" });
const { data: own } = await client.functions.invoke("members");
told["signed in"] = own.id === user.id;

// a timeout, and a request that is cancelled: the view's generator is closed
await tell("a timeout", "stuck", { timeout: 50 });
await tell("let go", "let-go");
const { data: endless } = await client.functions.invoke("endless");
const ticks = endless.body.getReader();
await ticks.read();
await ticks.cancel();
await tell("a reader that leaves", "ended");
const leaving = new AbortController();
const { data: aborted } = await client.functions.invoke("endless", { signal: leaving.signal });
leaving.abort();
told["an aborted stream"] = await aborted.text().catch((error) => error.name);
await tell("an aborted stream ends", "ended");

await client.auth.stopAutoRefresh();
console.log(JSON.stringify(told));
process.exit(0);
