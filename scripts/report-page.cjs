// Opens the pages of a folder in Chromium, and ends with 1 at the first that is not as it must be.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const [executablePath, folder, screens] = process.argv.slice(2);
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [
  { name: "light", colorScheme: "light", width: 1280 },
  { name: "dark", colorScheme: "dark", width: 1280 },
  { name: "narrow", colorScheme: "light", width: 320 },
  { name: "4k", colorScheme: "dark", width: 3840 },
];
let failures = 0;
const check = (holds, what) => {
  if (holds) return;
  failures += 1;
  console.log(`FAILED: ${what}`);
};

async function open(browser, file, options) {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1280, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const seen = [];
  page.on("dialog", (dialog) => { seen.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("pageerror", (error) => seen.push(`error: ${error}`));
  page.on("console", (message) => seen.push(`console: ${message.text()}`));
  page.on("request", (request) => { if (!request.url().startsWith("file:")) seen.push(`request: ${request.url()}`); });
  const begun = Date.now();
  await page.goto(pathToFileURL(path.join(folder, file)).href, { waitUntil: "load" });
  return { context, page, seen, took: Date.now() - begun };
}

// Each figure is the number, or the length of the list, at its place in the JSON.
const figures = () => {
  const report = JSON.parse(document.getElementById("martydb-report").textContent);
  const at = (place) => place.split("/").slice(1).reduce((value, key) => value[key], report);
  const all = [...document.querySelectorAll("data[data-of]")];
  const wrong = all.filter((one) => {
    const value = at(one.dataset.of);
    return Number(one.value) !== (Array.isArray(value) ? value.length : value);
  });
  return { count: all.length, wrong: wrong.map((one) => one.dataset.of) };
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
    if (!["300", "1000"].includes(name) || look === "light") {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      const told = violations.map((one) => `${one.id} (${one.nodes.length}): ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary}`);
      check(told.length === 0, `${what}: axe-core: ${told.join("; ")}`);
    }
    if (screens && ["four", "300"].includes(name)) {
      await page.screenshot({ path: path.join(screens, `report-${name}-${look}.png`), fullPage: name === "four" && look !== "4k" });
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

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(".html"));
  check(["four.html", "300.html", "1000.html", "hostile.html"].every((file) => files.includes(file)), `pages: ${files}`);
  for (const file of files) await look(browser, file);
  for (const file of ["four.html", "300.html"]) {
    await keyboard(browser, file);
    await without_script(browser, file);
    await print(browser, file);
  }
  const { took, context } = await open(browser, "1000.html", {});
  const size = fs.statSync(path.join(folder, "1000.html")).size;
  console.log(`1000 services: ${size} bytes, open after ${took} ms`);
  check(took <= 2000 || process.env.REPORT_PAGE_SLOW, "1000 services take longer than 2 s to open");
  check(size <= 6_000_000, "1000 services are larger than 6 MB");
  await context.close();
  await browser.close();
  console.log(failures === 0 ? "all pages are as they must be" : `${failures} failures`);
  process.exitCode = failures === 0 ? 0 : 1;
})();
