// Two windows on the job board: what one does, the other sees. Told as one JSON object.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, executablePath, picture] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "board-"));
const browser = await chromium.launch({
  executablePath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const told = { problems: [] };

async function open(path = "/") {
  const page = await (await browser.newContext({ viewport: { width: 720, height: 900 } })).newPage();
  page.on("pageerror", (error) => told.problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") told.problems.push(message.text());
  });
  await page.goto(url + path);
  await page.locator('[data-testid="live-indicator"][data-state="live"]').waitFor();
  return page;
}

const at = (page, id) => page.getByTestId(id);
const card = (page, title) => page.locator(`[data-testid="job-card"][data-title="${title}"]`);

try {
  const owner = await open();
  const visitor = await open();
  await at(visitor, "job-card").first().waitFor();
  told.jobs = await at(visitor, "job-card").count();

  await at(owner, "nav-sign-up").click();
  await at(owner, "sign-up-email").fill("ada@example.com");
  await at(owner, "sign-up-password").fill("correct horse");
  await at(owner, "sign-up-submit").click();
  await at(owner, "sign-out").waitFor();

  await owner.goto(url + "/#/companies/new");
  await at(owner, "company-name").fill("Analytical Engines");
  await at(owner, "company-handle").fill("analytical");
  await at(owner, "company-city").fill("London");
  await at(owner, "company-about").fill("Machines that weave algebraic patterns.");
  await at(owner, "company-submit").click();
  await at(owner, "form-error").or(at(owner, "nav-post")).first().waitFor();

  await owner.goto(url + "/#/post");
  await at(owner, "post-title").fill("Difference engineer");
  await at(owner, "post-description").fill("You turn the crank, and mind the carry.");
  await at(owner, "post-location").fill("London");
  await at(owner, "post-submit").click();
  await card(visitor, "Difference engineer").waitFor();
  told.seen_at_once = await card(visitor, "Difference engineer").count();
  if (picture) await visitor.screenshot({ path: picture });
  told.after = await at(visitor, "job-card").count();
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(told));
