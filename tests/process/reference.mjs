// The API reference in a browser window: what it shows, and what it complains of, as one JSON object.
//
// Usage: reference.mjs URL CHROMIUM SECRET_KEY.
import { chromium } from "playwright-core";

const [url, executablePath, secret] = process.argv.slice(2);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath, args: flags });
const complaints = [];
try {
  const page = await browser.newPage();
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${url}/docs`);
  await page.locator("section#start").waitFor();
  const visitors = await page.locator("h2").allInnerTexts();
  await page.locator("#key").fill(secret);
  await page.locator("#key").press("Enter");
  await page.locator("#tables li", { hasText: "notes" }).waitFor();
  const headings = await page.locator("h2").allInnerTexts();
  const call = page.locator("section", { has: page.locator("#function-shout-name") });
  const example = await call.locator("pre").last().innerText();
  await page.locator("#find").fill("volume");
  const found = await page.locator("#tables li:visible").allInnerTexts();
  console.log(JSON.stringify({ visitors, headings, example, found, complaints }));
} finally {
  await browser.close();
}
