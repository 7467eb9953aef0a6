// Two people and a reader in four windows of the job board, told as one JSON object.
//
// Usage: board.mjs URL CHROMIUM. Lines "stop" and "start" on standard output ask whoever started
// this to stop the server and to start it again; a line on standard input says that it is done.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [url, executablePath] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = { complaints: [], hosts: [] };
const hosts = new Set();
const sockets = new Map(); // by window: the one it opened last
let isDown = false;

const at = (page, id) => page.getByTestId(id);
const card = (page, title) => page.locator(`[data-testid="job-card"][data-title="${title}"]`);
const live = (page, state = "live") =>
  page.locator(`[data-testid="live-indicator"][data-state="${state}"]`).waitFor();
const press = (page, id) => at(page, id).click();
const stored = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("quayside.session")));

async function ask(what) {
  console.log(what);
  await answers.next();
}

function complain(text) {
  const isExpected = isDown && text.includes("ERR_CONNECTION_REFUSED");
  if (!isExpected) told.complaints.push(text);
}

/** A person's browser: what its pages complain of, ask for and violate is written down. */
async function person(browser) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20000);
  await context.exposeFunction("tellViolation", (text) => complain(`CSP: ${text}`));
  await context.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complain(message.text());
  });
  context.on("weberror", (error) => complain(String(error.error())));
  context.on("request", (request) => hosts.add(new URL(request.url()).host));
  return context;
}

/** A window on the board, remembered as never loaded again. */
async function open(context, path = "/") {
  const page = await context.newPage();
  page.on("websocket", (socket) => {
    hosts.add(new URL(socket.url()).host);
    sockets.set(page, socket);
  });
  await page.goto(url + path);
  await page.evaluate(() => (window.isFirstLoad = true));
  await live(page);
  return page;
}

async function signUp(page, name, email) {
  await at(page, "sign-up-name").fill(name);
  await at(page, "sign-up-email").fill(email);
  await at(page, "sign-up-password").fill("correct horse");
  await press(page, "sign-up-submit");
  await at(page, "sign-out").waitFor();
}

async function found(page) {
  await press(page, "nav-post");
  await press(page, "found-company");
  await at(page, "company-name").fill("Harbour Clocks & Sons");
  told.handle = await at(page, "company-handle").inputValue();
  await at(page, "company-city").fill("Bremen");
  await press(page, "company-submit");
  await at(page, "post-title").waitFor();
}

/** Send the form as it is: what the schema refuses stands beside its field. */
async function refused(page) {
  await press(page, "post-submit");
  await page.locator("[aria-invalid]").first().waitFor();
  told.marked = await page.locator("[aria-invalid]").evaluateAll((all) => all.map(({ name }) => name));
}

async function post(page) {
  await at(page, "post-title").fill("Clockmaker");
  await at(page, "post-description").fill("You keep the harbour's forty clocks in step.");
  await at(page, "post-remote").check();
  await at(page, "post-salary").fill("52000");
  await at(page, "post-tags").fill("brass, patience");
  await press(page, "post-submit");
}

async function seePosted(visitor) {
  await card(visitor, "Clockmaker").waitFor();
  const first = at(visitor, "job-card").first();
  told.posted = [await first.getAttribute("data-title"), await at(first, "job-salary").innerText()];
  told.lit = (await first.getAttribute("class")).split(" ").includes("flash");
  told.announced = await at(visitor, "announcer").innerText();
}

async function editAndTurn(owner, visitor) {
  await at(card(visitor, "Clockmaker"), "job-link").click();
  await at(visitor, "apply-sign-up").waitFor();
  await press(owner, "job-edit");
  await at(owner, "post-salary").fill("58000");
  await press(owner, "post-submit");
  await at(visitor, "job-detail").getByText("€58,000").waitFor();
  await press(owner, "job-turn");
  await visitor.getByText("takes no applications any more").waitFor();
  told.closed = await at(at(visitor, "job-detail"), "status").innerText();
  await press(visitor, "brand");
  await at(visitor, "job-card").first().waitFor();
  told.listed_when_closed = await card(visitor, "Clockmaker").count();
  await press(owner, "job-turn");
  await card(visitor, "Clockmaker").waitFor();
}

/** Let one window find that the token is about to run out: both get the next one. */
async function refresh(owner, second) {
  const before = await stored(owner);
  const predicate = ({ payload }) => JSON.parse(payload)[3] === "access_token";
  const handedOver = sockets.get(owner).waitForEvent("framesent", { predicate });
  await second.evaluate(() => {
    const session = JSON.parse(localStorage.getItem("quayside.session"));
    const soon = { ...session, expires_at: Math.floor(Date.now() / 1000) + 1 };
    localStorage.setItem("quayside.session", JSON.stringify(soon));
  });
  const isNew = (old) => JSON.parse(localStorage.getItem("quayside.session")).access_token !== old;
  await second.waitForFunction(isNew, before.access_token);
  const after = await stored(second);
  await handedOver;
  told.refreshed = after.refresh_token !== before.refresh_token && after.user.id === before.user.id;
}

async function apply(owner, visitor) {
  await press(owner, "nav-hiring");
  await at(owner, "own-job").waitFor();
  await at(card(visitor, "Clockmaker"), "job-link").click();
  await press(visitor, "apply-sign-up");
  await signUp(visitor, "Ben Tide", "ben@example.com");
  await at(visitor, "apply-note").fill("I keep time. <img src=x onerror=alert(1)>");
  await press(visitor, "apply-submit");
  await at(visitor, "applied").waitFor();
  const application = at(owner, "application");
  await application.getByText("Ben Tide").waitFor();
  told.application = await application.locator(".note").innerText();
  told.markup = await application.locator("img").count();
}

async function decide(owner, visitor) {
  await press(visitor, "nav-applications");
  await at(visitor, "my-application").waitFor();
  await at(owner, "application-status").selectOption("interview");
  await visitor.locator('[data-testid="my-application"] [data-status="interview"]').waitFor();
  told.decided = await at(at(visitor, "my-application"), "status").innerText();
}

/** What was written while these windows were cut off is there when they are back. */
async function outage(owner, reader) {
  isDown = true;
  await ask("stop");
  await Promise.all([live(owner, "offline"), live(reader, "offline")]);
  await ask("start");
  await Promise.all([live(owner), live(reader)]);
  isDown = false;
  await card(reader, "Lighthouse keeper").waitFor();
  told.missed = await at(card(reader, "Lighthouse keeper"), "job-company").innerText();
}

async function remove(owner, reader) {
  await press(owner, "job-delete");
  await press(owner, "ask-yes");
  await card(reader, "Clockmaker").waitFor({ state: "detached" });
  told.left = await at(reader, "job-card").count();
}

async function signOut(owner, second) {
  const { access_token } = await stored(owner);
  // The page forgets the session first and tells the server then.
  const ended = owner.waitForResponse((answer) => answer.url().includes("/auth/v1/logout"));
  await press(owner, "sign-out");
  await ended;
  await Promise.all([at(owner, "nav-sign-in").waitFor(), at(second, "nav-sign-in").waitFor()]);
  const late = await fetch(`${url}/rest/v1/jobs`, { headers: { authorization: `Bearer ${access_token}` } });
  told.late = late.status;
  told.asked_to_sign_in = new URL(owner.url()).hash.startsWith("#/sign-in");
}

async function play(browser) {
  const [ada, ben, anybody] = [await person(browser), await person(browser), await person(browser)];
  const owner = await open(ada);
  const visitor = await open(ben);
  const reader = await open(anybody);
  await at(visitor, "job-card").first().waitFor();
  told.jobs = await at(visitor, "job-card").count();
  await press(owner, "nav-sign-up");
  await signUp(owner, "Ada Harbour", "ada@example.com");
  await found(owner);
  await refused(owner);
  await post(owner);
  await seePosted(visitor);
  await editAndTurn(owner, visitor);
  const second = await open(ada);
  await refresh(owner, second);
  await apply(owner, visitor);
  await decide(owner, visitor);
  await outage(owner, reader);
  await remove(owner, reader);
  await signOut(owner, second);
  const windows = [owner, second, visitor, reader];
  const loads = await Promise.all(windows.map((page) => page.evaluate(() => window.isFirstLoad)));
  told.reloads = loads.filter((isFirst) => !isFirst).length;
  told.hosts = [...hosts].filter((host) => host !== new URL(url).host);
}

const profile = mkdtempSync(join(tmpdir(), "board-"));
const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  env: { ...process.env, TMPDIR: profile }, // its user data: new each time, gone at the end
});
try {
  await play(browser);
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(told));
process.exit(0);
