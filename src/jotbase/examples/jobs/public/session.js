/** Who is signed in: kept in localStorage, shared by all windows, refreshed before it runs out. */

import { ApiError, send } from "./api.js";

const STORE = "quayside.session";
const EARLY = 60; // seconds before expiry at which a token is replaced, if it lives for long

const events = new EventTarget();
let session = read();
let refreshing = null;
let timer = 0;

/** Call `listener` when somebody signs in or out, here or in another window. */
export const onIdentity = (listener) => events.addEventListener("identity", listener);

/** Call `listener` when the same person has a new token. */
export const onToken = (listener) => events.addEventListener("token", listener);

/** The signed-in person (`id`, `email`, …) or null. */
export const user = () => session?.user ?? null;

/** A token that is still good, or null for nobody. */
export async function accessToken() {
  if (session && secondsLeft(session) < early(session) / 2) await refresh();
  return session?.access_token ?? null;
}

export async function signUp(email, password, name) {
  const body = { email, password, data: name ? { name } : {} };
  const answer = await send("/auth/v1/signup", { method: "POST", body });
  if (!answer.access_token) {
    throw new ApiError(200, { message: "Please open the link in the mail that was sent to you." });
  }
  keep(answer);
}

export async function signIn(email, password) {
  const query = { grant_type: "password" };
  const body = { email, password };
  keep(await send("/auth/v1/token", { method: "POST", query, body }));
}

/** End this session; the others of the same person go on. */
export async function signOut() {
  const token = session?.access_token;
  keep(null);
  const query = { scope: "local" };
  try {
    await send("/auth/v1/logout", { method: "POST", query, token });
  } catch (error) {
    if (![401, 403, 404].includes(error.status)) throw error; // those: it was over already
  }
}

/** Replace the token. One window does it at a time; the others take what it got. */
export function refresh() {
  refreshing ??= locked(replaceToken).finally(() => (refreshing = null));
  return refreshing;
}

async function replaceToken() {
  const stored = read();
  if (stored?.access_token !== session?.access_token) return adopt(stored);
  if (!session) return;
  const query = { grant_type: "refresh_token" };
  const body = { refresh_token: session.refresh_token };
  try {
    keep(await send("/auth/v1/token", { method: "POST", query, body }));
  } catch (error) {
    if (error.status >= 400 && error.status < 500 && error.status !== 429) keep(null);
    else schedule(5);
  }
}

// Web Locks exist on https and localhost only; elsewhere the server's reuse window covers a race.
const locked = (act) => navigator.locks?.request(STORE, act) ?? act();

function keep(next) {
  if (next) localStorage.setItem(STORE, JSON.stringify(next));
  else localStorage.removeItem(STORE);
  adopt(next);
}

function adopt(next) {
  const before = user()?.id;
  session = next;
  schedule();
  events.dispatchEvent(new Event(before === user()?.id ? "token" : "identity"));
}

function schedule(seconds = session ? Math.max(secondsLeft(session) - early(session), 1) : 0) {
  clearTimeout(timer);
  if (session) timer = setTimeout(refresh, Math.min(seconds, 86400) * 1000);
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(STORE));
  } catch {
    return null;
  }
}

const secondsLeft = ({ expires_at }) => expires_at - Date.now() / 1000;
const early = ({ expires_in }) => Math.min(EARLY, expires_in / 2);

addEventListener("storage", ({ key }) => {
  if (key === STORE || key === null) adopt(read());
});
schedule();
