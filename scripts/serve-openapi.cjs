// Opens the page of the OpenAPI document in Chromium, gives it the key, and sends a request from it. Ends with 1 at the first thing
// that is not as it must be.
"use strict";
const { chromium } = require("playwright-core");

const [executablePath, base, key] = process.argv.slice(2);
const die = (why) => {
  console.error(`FAILED: ${why}`);
  process.exit(1);
};

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  const strange = [];
  page.on("pageerror", (error) => strange.push(`error: ${error}`));
  page.on("console", (message) => {
    // The first request has no key, and is refused.
    if (message.type() === "error" && !message.text().includes("401")) strange.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(base).origin && protocol !== "data:") strange.push(`request: ${request.url()}`);
  });
  await page.goto(`${base}/api/docs`);
  await page.getByText("This needs a key.").waitFor();
  await page.fill("#key input", key);
  await page.click("#key button");
  const operation = page.locator("#operations-customer-insert-customer");
  await operation.click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  const name = `Ada ${Date.now()}`;
  await operation.locator("textarea").first().fill(JSON.stringify({ name }));
  const prefer = operation.locator("tr[data-param-name=Prefer] input");
  await prefer.fill("return=representation");
  const answered = page.waitForResponse((response) => response.url().endsWith("/rest/customer") && response.request().method() === "POST");
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = await answered;
  if (answer.status() !== 201) die(`POST was answered with ${answer.status()}: ${await answer.text()}`);
  const [row] = await answer.json();
  if (row.name !== name) die(`the row is ${JSON.stringify(row)}`);
  await operation.locator(".live-responses-table .response-col_status", { hasText: "201" }).first().waitFor();
  if (strange.length) die(strange.join("\n"));
  console.log(`Chromium ${browser.version()}: the page sent POST ${answer.url()} and showed 201 with ${JSON.stringify(row)}`);
  await browser.close();
})().catch((error) => die(error));
