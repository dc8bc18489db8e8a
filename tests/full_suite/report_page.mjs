// Opens report pages from disk in headless Chromium and looks at them as a reader would.
//
//   node report_page.mjs FOLDER
//
// FOLDER holds report.html and windows.ndjson of one log (the same steps), slos.json (what to expect of each SLO), hostile.html and
// empty.html. Playwright and axe are resolved from NODE_PATH; SLIX_CHROMIUM names the browser. Screenshots go to FOLDER/screenshots.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.SLIX_NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const folder = resolve(process.argv[2]);
const shots = join(folder, "screenshots");
mkdirSync(shots, { recursive: true });
const windows = readFileSync(join(folder, "windows.ndjson"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const done = [];

const browser = await chromium.launch({ executablePath: process.env.SLIX_CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

/* A page that may say nothing, ask for nothing and open nothing. */
async function open(name, { width = 1440, height = 900, dark = false, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", ...more });
  const page = await context.newPage();
  /* A machine may have much else to do. */
  page.setDefaultTimeout(180_000);
  const wrong = [];
  const url = pathToFileURL(join(folder, name)).href;
  page.on("console", (message) => wrong.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("popup", () => wrong.push("a window was opened"));
  page.on("request", (request) => { if (request.url() !== url && request.url() !== "data:,") wrong.push(`request: ${request.url()}`); });
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  await page.goto(url);
  page.close_ = async () => {
    assert.deepEqual(wrong, [], `${name} is quiet`);
    await context.close();
  };
  return page;
}

/* Everything that is drawn when it is looked at. */
async function drawAll(page) {
  for (const figure of await page.locator("figure[data-chart]").all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator("canvas").waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
}

const near = (text, value, what) => {
  const shown = text === "" ? null : Number(text);
  assert.equal(shown, value ?? null, what);
};

/* The last rows of the windows table are what the first screen says; all rows are what the charts are drawn from. */
async function numbers() {
  const page = await open("report.html");
  const sections = await page.locator("section.slo").all();
  const rows = new Map();
  for (const row of windows.filter((row) => row.group_kind === "all")) {
    const key = `${row.slo} over ${row.window_length}`;
    rows.set(key, [...(rows.get(key) || []), row]);
  }
  assert.equal(sections.length, rows.size);
  let compared = 0;
  for (const [i, series] of [...rows.values()].entries()) {
    const last = series.at(-1);
    const row = page.locator(".rows .row[data-slo]").nth(i);
    assert.ok((await row.locator(".c-name").innerText()).includes(last.slo));
    assert.equal((await row.locator("[data-field=mode] b").innerText()).replace(" ", "_"), last.mode);
    for (const field of ["window_sli", "budget_remaining"]) {
      const cell = row.locator(`[data-field=${field}]`);
      if (last[field] === null) assert.equal(await cell.count(), 0);
      else near(await cell.getAttribute("data-value"), last[field], `${last.slo}: ${field}`);
    }
    for (const field of ["window_good", "window_bad", "window_unknown", "window_coverage"]) {
      near(await sections[i].locator(`.figures [data-field=${field}]`).getAttribute("data-value"), last[field], `${last.slo}: ${field}`);
    }
    await sections[i].locator("details.steps > summary").click();
    const table = await sections[i].locator("details.steps tbody tr").evaluateAll((lines) =>
      lines.map((line) => Object.fromEntries([...line.cells].map((cell) => [cell.dataset.field, cell.dataset.value]))));
    table.reverse();
    const shown = series.slice(-table.length);
    const from = table.length ? Number(table[0].end_time) : 0;
    assert.equal(series.filter((row) => Date.parse(row.end_time) / 1000 >= from).length, table.length, `${last.slo}: every step is there`);
    table.forEach((line, k) => {
      const want = shown[k];
      assert.equal(Number(line.end_time), Date.parse(want.end_time) / 1000);
      for (const field of ["events", "good", "bad", "unknown", "excluded", "sli", "burn_rate", "window_sli", "budget_remaining"]) {
        near(line[field], want[field], `${last.slo} at ${want.end_time}: ${field}`);
        compared++;
      }
      assert.equal(line.mode.replace(" ", "_"), want.mode);
    });
    const groups = windows.filter((row) => row.group_kind === "group" && row.slo === last.slo && row.window_length === last.window_length && row.end_time === last.end_time && row.window_bad > 0);
    const listed = await sections[i].locator("table.groups tbody tr").evaluateAll((lines) =>
      lines.map((line) => Object.fromEntries([...line.cells].filter((c) => c.dataset.field).map((cell) => [cell.dataset.field, Number(cell.dataset.value)]))));
    const sorted = (list) => list.map((g) => `${g.window_bad} ${g.window_valid} ${g.window_sli}`).sort();
    assert.deepEqual(sorted(listed), sorted(groups), `${last.slo}: groups`);
  }
  await page.close_();
  done.push(`${compared} numbers of steps equal the windows table`);
}

/* The lines that are drawn are those of the same steps: read from the legend under the pointer. */
async function hoverAndZoom() {
  const page = await open("report.html");
  await drawAll(page);
  const kinds = await page.locator("figure[data-chart]").evaluateAll((all) => all.map((f) => f.dataset.chart));
  for (const kind of ["sli", "budget", "burn", "events", "latency"]) assert.ok(kinds.includes(kind), `a chart of ${kind}`);
  const blank = await page.locator("figure[data-chart] canvas").evaluateAll((all) =>
    all.filter((c) => { const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; return !d.some((v) => v > 0); }).length);
  assert.equal(blank, 0, "no chart is blank");

  const figure = page.locator("figure[data-chart=budget]").first();
  await figure.scrollIntoViewIfNeeded();
  const over = figure.locator(".u-over");
  const box = await over.boundingBox();
  const legend = () => figure.locator(".u-legend .u-value").allInnerTexts();
  const before = await legend();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  const [at, left] = await legend();
  assert.notDeepEqual([at, left], before);
  const row = windows.find((row) => row.group_kind === "all" && row.end_time.startsWith(at.replace(" ", "T")));
  assert.ok(row, `the windows table has a step that ends at ${at}`);
  assert.equal(left, `${(Math.floor(row.budget_remaining * 1000 + 1e-9) / 10).toFixed(1)}%`);
  const others = await page.locator("figure[data-chart=sli] .u-legend").first().innerText();
  assert.ok(others.includes(at), "the other charts point at the same step");

  const range = () => page.evaluate(() => [Number(document.body.dataset.from), Number(document.body.dataset.to)]);
  const all = await range();
  const zoom = async () => {
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
    await page.mouse.up();
  };
  await zoom();
  const near = await range();
  assert.ok(near[1] - near[0] < 0.3 * (all[1] - all[0]), `dragging zooms: ${near} of ${all}`);
  await page.keyboard.down("Shift");
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  const moved = await range();
  assert.ok(moved[0] < near[0] && Math.abs(moved[1] - moved[0] - (near[1] - near[0])) <= 2, `Shift moves: ${moved} from ${near}`);
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 60);
  assert.deepEqual(await range(), all, "a double click shows all");

  await figure.focus();
  for (const key of ["+", "+", "Shift+ArrowLeft", "ArrowLeft", "ArrowLeft"]) await page.keyboard.press(key);
  assert.ok((await range())[1] - (await range())[0] < 0.3 * (all[1] - all[0]), "keys zoom");
  assert.match(await page.locator("#said").innerText(), /until, UTC.*budget left/s, "keys say the values");
  await page.keyboard.press("0");
  assert.deepEqual(await range(), all);

  await page.locator("[data-zoom='86400']").click();
  assert.equal(await page.locator("[data-zoom='86400']").getAttribute("aria-pressed"), "true");
  const link = page.locator("button.link[data-from]").first();
  const [from, to] = [Number(await link.getAttribute("data-from")), Number(await link.getAttribute("data-to"))];
  await link.click();
  const shown = await range();
  assert.ok(shown[0] <= from && shown[1] >= to && shown[1] - shown[0] < all[1] - all[0], "an incident is shown");

  const ink = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ink();
  await page.locator(".theme").click();
  await page.locator(".theme").click();
  assert.notEqual(await ink(), light, "dark is dark");
  await page.close_();
  done.push("charts are drawn; hover, zoom, move, keys, links and colours work");
}

async function looks() {
  for (const name of ["report", "hostile", "empty"]) {
    for (const [width, height] of [[360, 780], [1440, 900], [3840, 2160]].slice(0, name === "report" ? 3 : 2)) {
      for (const dark of [false, true]) {
        const page = await open(`${name}.html`, { width, height, dark });
        await drawAll(page);
        await page.waitForTimeout(100);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(beyond, 0, `${name} at ${width} px does not overflow`);
        const tone = dark ? "dark" : "light";
        await page.screenshot({ path: join(shots, `${name}-${width}-${tone}.png`) });
        if (width === 1440) {
          await page.screenshot({ path: join(shots, `${name}-${width}-${tone}-all.png`), fullPage: true });
          for (const details of await page.locator("details.made, #definitions details").all()) await details.evaluate((d) => (d.open = true));
          await page.evaluate(axe).catch(() => {});
          const { violations } = await axeOf(page);
          const serious = violations.filter((v) => ["serious", "critical"].includes(v.impact));
          assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes[0].target} ${v.nodes[0].failureSummary}`), [], `${name}, ${tone}`);
        }
        await page.close_();
      }
    }
  }
  done.push("no overflow at 360, 1440 and 3840 px; axe-core finds nothing serious, light and dark");
}

/* Run in a world of its own, which the page's policy does not bind. */
async function axeOf(page) {
  return page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
}

async function hostile() {
  const page = await open("hostile.html");
  await drawAll(page);
  for (const details of await page.locator("details").all()) await details.evaluate((d) => (d.open = true));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => globalThis.canary), undefined, "no script of the log ran");
  const own = await page.evaluate(() => ({
    scripts: document.querySelectorAll("script").length,
    images: document.querySelectorAll("img, iframe, object, embed, base, form").length,
    handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length,
    links: [...document.querySelectorAll("a")].filter((a) => !a.getAttribute("href").startsWith("#")).length,
    text: document.body.innerText,
  }));
  assert.deepEqual({ ...own, text: "" }, { scripts: 4, images: 0, handlers: 0, links: 0, text: "" });
  for (const seen of ["<script>", "onload=", "javascript:", "\\u{2028}", "\\u{1b}", "\\u{202e}"]) assert.ok(own.text.includes(seen), `${seen} is seen as text`);
  assert.ok(!/[\u202a-\u202e\u2066-\u2069\u2028\u2029\u001b]/.test(own.text), "nothing that acts is left");
  await page.close_();
  done.push("a hostile log stays text");
}

/* Paper: everything is drawn, in light colours. */
async function paper() {
  const page = await open("report.html", { dark: true });
  const pdf = await page.pdf({ path: join(shots, "report.pdf"), format: "A4" });
  assert.ok(pdf.length > 50_000, `a PDF of ${pdf.length} bytes`);
  await page.close_();
  done.push("it prints");
}

for (const test of [numbers, hoverAndZoom, hostile, looks, paper]) {
  try {
    const begun = Date.now();
    await test();
    done[done.length - 1] += ` (${((Date.now() - begun) / 1000).toFixed(1)} s)`;
  } catch (error) {
    await browser.close();
    console.error(`${test.name}: ${error.stack}`);
    process.exit(1);
  }
}
await browser.close();
console.log(done.join("\n"));
