// A message by an ordinary insert, told to who is there and again to who comes later; one JSON object.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };

async function member(email) {
  const client = createClient(url, key, options);
  const { data } = await client.auth.signUp({ email, password: "correct horse" });
  await client.from("members").insert({ room: 7, user: data.user.id });
  await client.realtime.setAuth();
  return client;
}

function enter(client, broadcast, heard) {
  const channel = client.channel("room:7", { config: { private: true, broadcast } });
  channel.on("broadcast", { event: "*" }, ({ event, payload, meta }) => heard({ event, payload, meta }));
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve(channel);
      if (status === "CHANNEL_ERROR") reject(error);
    });
  });
}

function listening(count) {
  const got = [];
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  return [(one) => { got.push(one); if (got.length === count) done(got); }, all];
}

const say = async (client, event, n) => {
  const { error } = await client.from("words").insert({ topic: "room:7", event, payload: { n } });
  if (error) throw new Error(JSON.stringify(error));
};
const ana = await member("ana@example.com");
const ben = await member("ben@example.com");
const [hears, live] = listening(1);
await enter(ana, {}, hears);
await say(ben, "first", 1);
const told = { live: [...(await live)] };
const [hearsAgain, both] = listening(2);
await enter(ben, { replay: { since: Date.now() - 3600_000, limit: 5 } }, hearsAgain);
await say(ana, "second", 2);
told.again = await both;
await ana.removeAllChannels();
await ben.removeAllChannels();
console.log(JSON.stringify(told));
process.exit(0);
