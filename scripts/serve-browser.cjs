// Asks the data service from pages of two origins in Chromium: serve-browser.cjs BROWSER URL KEY PORT. Run by scripts/serve-browser.
"use strict";
const http = require("node:http");
const assert = require("node:assert");
const { chromium } = require("playwright-core");

const [executablePath, url, key, port] = process.argv.slice(2);

// Runs in the page.
const asks = async ({ url, key }) => {
  const headers = { Authorization: `Bearer ${key}`, Prefer: "count=exact,return=representation" };
  const json = { ...headers, "Content-Type": "application/json" };
  const one = async (path, options) => {
    try {
      const answer = await fetch(`${url}/${path}`, options);
      const seen = ["Content-Range", "ETag", "Location"].map((name) => answer.headers.get(name) !== null);
      return { status: answer.status, seen, body: await answer.text() };
    } catch (error) {
      return { blocked: String(error) };
    }
  };
  const made = { ...json, Prefer: "return=headers-only" };
  return [
    await one("customer", { method: "POST", headers: made, body: JSON.stringify({ id: Date.now(), name: `page ${Date.now()}` }) }),
    await one("customer?select=id&limit=1", { headers }),
    await one("customer?id=eq.0", { method: "PATCH", headers: json, body: '{"name":"x"}' }),
    await one("customer?id=eq.0", { method: "DELETE", headers }),
    await one("customer", { headers: { Prefer: "count=exact" } }),
  ];
};

(async () => {
  const server = http.createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<title>page</title>"));
  await new Promise((ready) => server.listen(Number(port), "127.0.0.1", ready));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const of = async (host) => {
    const page = await browser.newPage();
    await page.goto(`http://${host}:${port}/`);
    return page.evaluate(asks, { url, key });
  };
  const [post, get, patch, remove, stranger] = await of("app.localhost");
  assert.strictEqual(post.status, 201, JSON.stringify(post));
  assert.deepStrictEqual([patch.status, remove.status, stranger.status], [200, 200, 401], JSON.stringify([patch, remove, stranger]));
  assert.ok([200, 206].includes(get.status), JSON.stringify(get));
  assert.deepStrictEqual([post.seen[2], get.seen[0], get.seen[1]], [true, true, true], JSON.stringify([post, get]));
  const blocked = await of("evil.localhost");
  assert.ok(blocked.every((answer) => answer.blocked), JSON.stringify(blocked));
  console.log(`Chromium ${browser.version()}: 5 requests of the named origin answered, 5 of another one blocked`);
  await browser.close();
  server.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
