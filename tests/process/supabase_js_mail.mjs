// Confirms an address, forgets the password and signs in without one: codes come on standard input.
import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket },
};
const { auth } = createClient(url, key, options);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const email = "ada@example.com";
const told = {};

function good({ data, error }) {
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

async function code() {
  return (await lines.next()).value;
}

const waiting = good(await auth.signUp({ email, password: "correct horse" }));
told.waiting = [waiting.session, waiting.user.email_confirmed_at ?? null];
told.early = (await auth.signInWithPassword({ email, password: "correct horse" })).error.code;
told.wrong = (await auth.verifyOtp({ email, token: "wrong", type: "email" })).error.code;
told.confirmed = good(await auth.verifyOtp({ email, token: await code(), type: "email" })).user.email;

good(await auth.signOut());
good(await auth.resetPasswordForEmail(email, { redirectTo: `${url}/reset` }));
good(await auth.verifyOtp({ email, token: await code(), type: "recovery" }));
good(await auth.updateUser({ password: "new horse" }));
good(await auth.signOut());
told.reset = good(await auth.signInWithPassword({ email, password: "new horse" })).user.email;
told.old = (await auth.signInWithPassword({ email, password: "correct horse" })).error.code;

const bob = "bob@example.com";
good(await auth.signInWithOtp({ email: bob }));
told.passwordless = good(await auth.verifyOtp({ email: bob, token: await code(), type: "email" }))
  .user.email;
told.soon = (await auth.signInWithOtp({ email: bob })).error.code;
const server = createClient(url, key, { ...options, auth: { ...options.auth, flowType: "pkce" } });
good(await server.auth.signInWithOtp({ email: "eve@example.com" }));
const link = new URL(await code()); // its page posts what it holds
const opened = await fetch(link.origin + link.pathname, {
  method: "POST",
  body: new URLSearchParams(link.search),
  redirect: "manual",
});
const led = new URL(opened.headers.get("location"));
told.exchanged = good(
  await server.auth.exchangeCodeForSession(led.searchParams.get("code")),
).user.email;
console.log(JSON.stringify(told));
lines.return?.();
process.stdin.destroy();
