// Signs up, writes, listens: what a front end does, told as one JSON object on standard output.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
const client = createClient(url, key, options);
const told = { heard: [] };

function good({ data, error }) {
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

const { user, session } = good(
  await client.auth.signUp({ email: "Ada@example.com", password: "correct horse" }),
);
told.signed_up = user.email;

let finished;
const deleted = new Promise((resolve) => { finished = resolve; });
await new Promise((resolve, reject) => {
  client
    .channel("notes")
    .on("postgres_changes", { event: "*", schema: "public", table: "notes" }, (change) => {
      told.heard.push([change.eventType, change.old.text ?? null, change.new.text ?? null]);
      if (change.eventType === "DELETE") finished();
    })
    .subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
});

const note = good(await client.from("notes").insert({ text: "first" }).select().single());
told.inserted = note.text;
told.refused = (await client.from("notes").insert({ text: "" })).error.code;
told.updated = good(
  await client.from("notes").update({ text: "second" }).eq("id", note.id).select().single(),
).text;
told.counted = (await client.from("notes").select("*", { count: "exact", head: true })).count;

const stranger = createClient(url, key, options);
good(await stranger.auth.signUp({ email: "bob@example.com", password: "battery staple" }));
told.stranger_sees = good(await stranger.from("notes").select());

good(await client.from("notes").delete().eq("id", note.id));
await deleted;

const renewed = good(await client.auth.refreshSession());
told.refreshed = renewed.session.refresh_token !== session.refresh_token;
good(await client.auth.signInWithPassword({ email: "ada@example.com", password: "correct horse" }));
const token = (await client.auth.getSession()).data.session.access_token;
await client.auth.signOut();
const late = await fetch(`${url}/rest/v1/notes`, {
  headers: { apikey: key, authorization: `Bearer ${token}` },
});
told.after_sign_out = late.status;

await client.removeAllChannels();
console.log(JSON.stringify(told));
process.exit(0);
