// Opens the pages of a folder in Chromium, and ends with 1 at the first that is not as it must be.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const [executablePath, folder, screens] = process.argv.slice(2);
const DESKTOP = 1280;
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [
  { name: "light", colorScheme: "light", width: DESKTOP },
  { name: "dark", colorScheme: "dark", width: DESKTOP },
  { name: "narrow", colorScheme: "light", width: 320 },
  { name: "4k", colorScheme: "dark", width: 3840 },
];
let failures = 0;
const check = (holds, what) => {
  if (holds) return;
  failures += 1;
  console.log(`FAILED: ${what}`);
};

async function open(browser, file, options, before = async () => {}) {
  const context = await browser.newContext({ viewport: { width: options.width ?? DESKTOP, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const seen = [];
  page.on("dialog", (dialog) => { seen.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => seen.push(`error: ${error}`));
  page.on("console", (message) => seen.push(`console: ${message.text()}`));
  page.on("request", (request) => { if (!request.url().startsWith("file:")) seen.push(`request: ${request.url()}`); });
  await before(page);
  const begun = Date.now();
  await page.goto(pathToFileURL(path.join(folder, file)).href, { waitUntil: "load" });
  return { context, page, seen, took: Date.now() - begun };
}

// Each figure is the number, or the length of the list, at its place in the JSON; the counts of the pictures, the rows of the
// tables and the words of the verdict are counted again from it.
const figures = () => {
  const report = JSON.parse(document.getElementById("martydb-report").textContent);
  const at = (place) => place.split("/").slice(1).reduce((value, key) => value[key], report);
  const wrong = [];
  const same = (what, shown, counted) => { if (String(shown) !== String(counted)) wrong.push(`${what}: ${shown}, not ${counted}`); };
  const all = [...document.querySelectorAll("data[data-of]")];
  for (const one of all) {
    const value = at(one.dataset.of);
    same(one.dataset.of, Number(one.value), Array.isArray(value) ? value.length : value);
    if (/^\d+$/.test(one.textContent)) same(`text of ${one.dataset.of}`, one.textContent, one.value);
  }
  const { servers, isolation, services, history, replicas, access, skipped } = report;
  for (const figure of document.querySelectorAll(".grid")) {
    const server = servers[Number(figure.dataset.server)];
    const counts = isolation.matrix_counts.filter((one) => one.server === server.server && (one.at ?? null) === (server.at ?? null));
    const rows = new Set(counts.map((one) => one.service));
    const columns = new Set([...counts.filter((one) => one.own).map((one) => one.database), ...server.databases]);
    same("names of rows", figure.querySelectorAll(".rows li").length, rows.size);
    same("names of columns", figure.querySelectorAll(".columns li").length, columns.size);
    const state = (one) => !one ? "untried" : one.breach ? "breach" : one.inconclusive ? "inconclusive" : one.own ? "own"
      : one.allowed ? "allowed" : one.denied ? "denied" : "untried";
    const tally = {};
    for (const service of rows) {
      const of_service = counts.filter((one) => one.service === service);
      const named = new Map(of_service.map((one) => [one.database, one]));
      for (const database of columns) {
        const square = state(named.get(database) ?? named.get(null));
        tally[square] = (tally[square] ?? 0) + 1;
      }
    }
    const legend = [...figure.querySelectorAll(".legend li")];
    same("states in a legend", legend.length, Object.keys(tally).length);
    for (const item of legend) {
      const square = item.querySelector(".square").classList[1];
      same(`squares ${square}`, item.textContent.split(": ").pop(), tally[square]);
    }
  }
  const events = history.flatMap((one) => one.events);
  const kinds = { ok: (word) => word === "ok", failed: (word) => word === "failed", started: (word) => word !== "ok" && word !== "failed" };
  for (const item of document.querySelectorAll("#history .legend li")) {
    const kind = item.querySelector(".square").classList[1];
    same(`events ${kind}`, item.textContent.split(": ").pop(), events.filter((one) => kinds[kind](one.outcome)).length);
  }
  const rows = (label) => document.querySelectorAll(`[aria-label="${label}"] tbody tr`).length;
  const most = (list) => Math.min(list.length, 500);
  same("rows of services", rows("Table of the services"), services.length);
  same("rows of replicas", rows("Table of the replicas"), replicas.length);
  same("rows of access", rows("Table of the declared access"), access.length);
  same("rows of history", rows("Migrations that ran"), events.length);
  same("rows of what was skipped", rows("Table of what was not looked at"), most(skipped));
  same("rows of cells", rows("Cells with their evidence"), most(isolation.matrix) + most(isolation.trials));
  same("findings", document.querySelectorAll("#findings > .finding").length, most(isolation.findings));
  const counted = {
    "succeeded and must not": isolation.summary.breaches,
    "of medium severity or above": isolation.findings.filter((one) => one.severity !== "low").length,
    "different from the manifest": services.filter((one) => one.state === "drifted").length,
    "with pending migrations": services.filter((one) => one.state === "pending").length,
  };
  for (const item of document.querySelectorAll(".wrong li")) {
    const [, number, words] = item.textContent.match(/^(\d+) \S+(?: attempts?)? (.*)$/);
    const key = Object.keys(counted).find((one) => words.endsWith(one));
    if (key) same(key, number, counted[key]);
  }
  const { passed, probes } = isolation.summary;
  same("proof", document.querySelector("#overview p").textContent.includes(`${passed} of ${probes} checks passed`), true);
  return { count: all.length, wrong };
};

async function look(browser, file) {
  const name = path.basename(file, ".html");
  for (const { name: look, ...options } of LOOKS) {
    const { context, page, seen, took } = await open(browser, file, options);
    const what = `${name}, ${look}`;
    check(seen.length === 0, `${what}: ${seen.join("; ")}`);
    const { count, wrong } = await page.evaluate(figures);
    check(count > 8 && wrong.length === 0, `${what}: figures that differ from the JSON: ${wrong}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(wide <= 0, `${what}: the page is ${wide} px too wide`);
    // On a large page axe-core takes minutes, and every look has the same elements.
    if (name === "300" ? look === "light" : name !== "1000") {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const told = violations.map((one) => `${one.id} (${one.nodes.length}): ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary}`);
      check(told.length === 0, `${what}: axe-core: ${told.join("; ")}`);
    }
    if (screens && ["four", "300"].includes(name) && look !== "4k") {
      await page.screenshot({ path: path.join(screens, `report-${name}-${look}.png`), fullPage: name === "four" });
      if (name === "300" && look === "light") {
        await (await page.$("#matrix figure")).screenshot({ path: path.join(screens, "report-300-matrix.png") });
      }
    }
    console.log(`${what}: ${count} figures, open after ${took} ms`);
    await context.close();
  }
}

async function print(browser, file) {
  const { context, page } = await open(browser, file, {});
  const pdf = await page.pdf({ format: "A4", printBackground: false });
  check(pdf.length > 10_000, `${file}: the print is empty`);
  if (screens && file === "four.html") {
    await page.setViewportSize({ width: 794, height: 1123 }); // A4
    await page.emulateMedia({ media: "print" });
    await page.screenshot({ path: path.join(screens, "report-four-print.png") });
  }
  await context.close();
}

async function keyboard(browser, file) {
  const { context, page } = await open(browser, file, {});
  await page.focus(".grid .scroll");
  await page.keyboard.press("ArrowRight");
  const readout = await page.textContent(".grid .readout");
  check(/ at .*: /.test(readout), `${file}: the arrow keys say nothing: ${readout}`);
  const column = "#services thead th:first-child";
  await page.focus(`${column} button`);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  check((await page.getAttribute(column, "aria-sort")) === "descending", `${file}: sorting`);
  await context.close();
}

async function without_script(browser, file) {
  const { context, page, seen } = await open(browser, file, { javaScriptEnabled: false });
  check(seen.length === 0, `${file} without its script: ${seen.join("; ")}`);
  const text = await page.innerText("main");
  for (const words of ["Services", "Who gets in where", "Findings", "Declared access", "History", "What was not looked at"]) {
    check(text.includes(words), `${file} without its script: no ${words}`);
  }
  await context.close();
}

// Time until a page is loaded, and what the browser did meanwhile, since a busy machine says little about the page.
async function time(browser, file) {
  let session;
  const { page, context, took } = await open(browser, file, {}, async (page) => {
    session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
  });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name) => Math.round((metrics.find((one) => one.name === name)?.value ?? 0) * 1000);
  const parts = ["TaskDuration", "RecalcStyleDuration", "LayoutDuration", "ScriptDuration"].map((name) => `${name} ${of(name)} ms`);
  const size = fs.statSync(path.join(folder, file)).size;
  console.log(`${file}: ${size} bytes, open after ${took} ms at load ${os.loadavg()[0].toFixed(1)}; ${parts.join(", ")}`);
  check(of("TaskDuration") <= 2000, `${file} keeps the browser busy for more than 2 s`);
  check(took <= 2000 || os.loadavg()[0] > os.cpus().length, `${file} takes longer than 2 s to open`);
  check(size <= 6_000_000, `${file} is larger than 6 MB`);
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(".html"));
  check(["300.html", "1000.html", "hostile.html"].every((file) => files.includes(file)), `pages: ${files}`);
  for (const file of files) await look(browser, file);
  for (const file of files.filter((file) => ["four.html", "300.html"].includes(file))) {
    await keyboard(browser, file);
    await without_script(browser, file);
    await print(browser, file);
  }
  await time(browser, "1000.html");
  await browser.close();
  console.log(failures === 0 ? "all pages are as they must be" : `${failures} failures`);
  process.exitCode = failures === 0 ? 0 : 1;
})();
