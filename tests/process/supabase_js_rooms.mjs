// Two clients in one private room: presence, broadcasts with ack, over HTTP; told as one JSON object.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
const told = {};

function good({ data, error }) {
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

async function member(email, room) {
  const client = createClient(url, key, options);
  const { user } = good(await client.auth.signUp({ email, password: "correct horse" }));
  if (room) good(await client.from("members").insert({ room, user: user.id }).select());
  await client.realtime.setAuth();
  return client;
}

function enter(client, name, topic, listen = () => {}) {
  const config = { private: true, broadcast: { ack: true }, presence: { key: name, enabled: true } };
  const channel = client.channel(topic, { config });
  listen(channel);
  return new Promise((resolve) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve({ channel });
      if (status === "CHANNEL_ERROR") { resolve({ refused: error.message }); client.removeChannel(channel); }
    });
  });
}

function once() {
  let done;
  const promise = new Promise((resolve) => { done = resolve; });
  return [promise, done];
}

const ana = await member("ana@example.com", 7);
const ben = await member("ben@example.com", 7);
const eve = await member("eve@example.com", null);

const [joined, onJoined] = once();
const [left, onLeft] = once();
const [heard, onHeard] = once();
const [posted, onPosted] = once();
const here = (await enter(ana, "ana", "room:7", (channel) => {
  channel.on("presence", { event: "join" }, ({ key, newPresences }) => key === "ben" && onJoined(newPresences[0].mood));
  channel.on("presence", { event: "leave" }, ({ key }) => onLeft(key));
  channel.on("broadcast", { event: "hello" }, ({ payload }) => onHeard(payload));
  channel.on("broadcast", { event: "posted" }, ({ payload }) => onPosted(payload));
})).channel;
told.tracked = await here.track({ mood: "calm" });
const there = (await enter(ben, "ben", "room:7")).channel;
told.also_tracked = await there.track({ mood: "glad" });
told.joined = await joined;
told.acknowledged = await there.send({ type: "broadcast", event: "hello", payload: { n: 1 } });
told.heard = await heard;
told.posted_status = (await there.httpSend("posted", { n: 2 })).success;
told.posted = await posted;
told.present = Object.keys(here.presenceState()).sort();
await ben.removeChannel(there);
told.left = await left;
told.refused = (await enter(eve, "eve", "room:7")).refused;

await ana.removeAllChannels();
await eve.removeAllChannels();
console.log(JSON.stringify(told));
process.exit(0);
