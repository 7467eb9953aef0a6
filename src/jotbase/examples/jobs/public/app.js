/** The page: routes, the bar at the top, and the socket whose changes go to the view that is shown. */

import { configure, socketUrl } from "./api.js";
import * as companies from "./companies.js";
import { empty, fill, h } from "./dom.js";
import { Live } from "./live.js";
import { accessToken, onIdentity, onToken, signOut, user } from "./session.js";
import { accountView } from "./views/account.js";
import { applicationsView } from "./views/applications.js";
import { companyView } from "./views/company.js";
import { hiringView } from "./views/hiring.js";
import { jobView } from "./views/job.js";
import { jobsView } from "./views/jobs.js";
import { postView } from "./views/post.js";
import { profileView } from "./views/profile.js";

/** Path, view, and whether somebody must be signed in. Named groups go to the view. */
const ROUTES = [
  [/^\/$/, jobsView],
  [/^\/jobs\/(?<id>\d+)$/, jobView],
  [/^\/(?<mode>sign-in|sign-up)$/, accountView],
  [/^\/jobs\/(?<id>\d+)\/edit$/, postView, true],
  [/^\/post$/, postView, true],
  [/^\/companies\/new$/, companyView, true],
  [/^\/applications$/, applicationsView, true],
  [/^\/hiring$/, hiringView, true],
  [/^\/profile$/, profileView, true],
];
const LINKS = [
  ["#/", "Positions", "nav-jobs"],
  ["#/applications", "Applications", "nav-applications", true],
  ["#/hiring", "Hiring", "nav-hiring", true],
];
const LIVE_WORDS = { connecting: "Connecting", live: "Live", offline: "Reconnecting" };

const at = (id) => document.getElementById(id);
let view = null;

function show() {
  const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const [pattern, make, personal] = ROUTES.find(([route]) => route.test(path)) ?? [/^/, lostView];
  if (personal && !user()) return navigate(`#/sign-in?to=${encodeURIComponent(location.hash)}`);
  const context = { ...pattern.exec(path).groups, query, navigate, replaceQuery, announce, notice };
  const isFirst = view === null;
  view = make(context);
  document.title = `${view.title} · Quayside`;
  fill(at("main"), view.node);
  drawBar();
  if (!isFirst) arrive();
  return refresh();
}

/** Read the view's rows again; what fails is said where the rows would stand. */
async function refresh() {
  const current = view;
  try {
    await current.refresh?.();
  } catch (error) {
    if (current !== view) return;
    if (error.status === undefined) console.error(error); // a mistake of this page, not an answer
    const again = h("button", { type: "button", onclick: show, "data-testid": "retry" }, "Try again");
    fill(at("main"), empty("That did not work", error.message, again));
  }
}

const lostView = () => ({ title: "Not found", node: empty("Nothing here", "This address leads nowhere.", h("a", { class: "button", href: "#/" }, "All positions")) });

function arrive() {
  scrollTo(0, 0);
  (view.node.querySelector("h1") ?? at("main")).focus({ preventScroll: true });
}

function navigate(hash) {
  if (location.hash === hash) show();
  else location.hash = hash;
}

/** Put filters into the address without leaving the view. */
function replaceQuery(query) {
  const search = new URLSearchParams(query).toString();
  history.replaceState(null, "", search ? `#/?${search}` : "#/");
}

function drawBar() {
  const here = `#${(location.hash.slice(1) || "/").split("?")[0]}`;
  const link = ([href, text, testid]) => h("a", { href, "data-testid": testid, "aria-current": href === here ? "page" : null }, text);
  fill(at("nav"), LINKS.filter(([, , , personal]) => !personal || user()).map(link));
  fill(at("account"), user() ? signedIn(here) : signedOut());
}

const signedIn = (here) => [
  h("a", { href: "#/profile", class: "who", "data-testid": "nav-profile", "aria-current": here === "#/profile" ? "page" : null, title: "My profile" }, user().email),
  h("button", { type: "button", class: "plain", "data-testid": "sign-out", onclick: leave }, "Sign out"),
  h("a", { class: "button primary", href: "#/post", "data-testid": "nav-post" }, "Post a job"),
];

const signedOut = () => [
  h("a", { href: "#/sign-in", "data-testid": "nav-sign-in" }, "Sign in"),
  h("a", { class: "button primary", href: "#/sign-up", "data-testid": "nav-sign-up" }, "Sign up"),
];

async function leave() {
  try {
    await signOut();
    notice("Signed out.");
  } catch (error) {
    notice(`Signed out here only: ${error.message}`, "bad");
  }
}

/** Say something to those who do not see the screen. */
function announce(text) {
  at("announcer").textContent = text;
}

/** Say something to everybody, for a few seconds. */
function notice(text, kind = "good") {
  const node = h("p", { class: `notice ${kind}`, "data-testid": "notice" }, text);
  at("notices").append(node);
  setTimeout(() => node.remove(), 5000);
}

function take(change) {
  if (change.table === "companies") companies.apply(change);
  view?.change?.(change);
}

async function catchUp() {
  await companies.load();
  await refresh();
}

const live = new Live({
  url: socketUrl,
  tables: ["jobs", "companies", "applications"],
  token: accessToken,
  onChange: take,
  onJoin: () => catchUp().catch((error) => notice(error.message, "bad")),
  onState(state) {
    at("live").dataset.state = state;
    at("live-text").textContent = LIVE_WORDS[state];
  },
});

onToken(async () => live.renew(await accessToken()));
onIdentity(() => {
  live.restart();
  if (/^#\/sign-(in|up)/.test(location.hash)) drawBar();
  else show();
});
addEventListener("hashchange", show);

async function start() {
  try {
    await configure();
    await companies.load();
    live.restart();
    await show();
  } catch (error) {
    const again = h("button", { type: "button", onclick: start, "data-testid": "retry" }, "Try again");
    fill(at("main"), empty("The board is not there", error.message, again));
  }
}

start();
