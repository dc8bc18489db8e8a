"use strict";
/* Puts charts, tables of steps and tools to work. Text is only ever set as text. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const said = document.getElementById("said");
  const say = (text) => (said.textContent = text);
  const derived = new Map();
  const rowsOf = (i) => derived.get(i) || derived.set(i, Charts.derive(data.slos[i])).get(i);

  /* From the first step of all to now, and somewhat on where a budget runs out soon. */
  function extent() {
    const starts = data.slos.filter((slo) => slo.start !== null).map((slo) => slo.start);
    const ends = data.slos.filter((slo) => slo.ends !== null).map((slo) => slo.ends);
    if (!starts.length) return [data.now - 1, data.now];
    const [from, to] = [Math.min(...starts), Math.max(...ends)];
    const paces = data.slos.filter((slo) => slo.exhausted_in).map((slo) => slo.exhausted_in * 1.02);
    return [from, to + Math.min(Math.max(0, ...paces), (to - from) * 0.15)];
  }

  function draw(figure) {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "yes";
    const section = figure.closest("section");
    const i = Number(section.dataset.slo);
    const label = `${figure.querySelector("figcaption").textContent.trim()}, ${section.querySelector("h2").textContent.replace(/\s+/g, " ").trim()}`;
    Charts.makers[figure.dataset.chart](figure, data.slos[i], rowsOf(i), say, label);
  }

  /* Every step, with the names of the windows table. */
  function fillSteps(details) {
    const box = details.querySelector(".scroll");
    if (box.firstChild) return;
    const i = Number(details.closest("section").dataset.slo);
    const slo = data.slos[i];
    const columns = [
      ["end_time, UTC", (r) => Numbers.time(r.end), (r) => r.end],
      ["events", (r) => Numbers.count(r.events), (r) => r.events],
      ["good", (r) => Numbers.count(r.good), (r) => r.good],
      ["bad", (r) => Numbers.count(r.bad), (r) => r.bad],
      ["unknown", (r) => Numbers.count(r.unknown), (r) => r.unknown],
      ["excluded", (r) => Numbers.count(r.excluded), (r) => r.excluded],
      ["sli", (r) => Numbers.percent(r.spent[0], Numbers.plus(...r.spent), slo.decimals + 2), (r) => r.sli],
      ["burn_rate", (r) => Numbers.rate(r.burn), (r) => r.burn],
      ["window_sli", (r) => Numbers.percent(r.window[0], Numbers.plus(...r.window), slo.decimals + 2), (r) => r.windowSli],
      ["budget_remaining", (r) => Numbers.share(r.remaining), (r) => r.remaining],
      ["mode", (r) => r.mode || "–", (r) => r.mode],
    ];
    const table = document.createElement("table");
    const add = (parent, tag, text) => {
      const element = parent.appendChild(document.createElement(tag));
      if (text !== undefined) element.textContent = text;
      return element;
    };
    const head = add(add(table, "thead"), "tr");
    for (const [name] of columns) Object.assign(add(head, "th", name), { scope: "col", className: "r" });
    const body = add(table, "tbody");
    for (const row of [...rowsOf(i)].reverse()) {
      const line = add(body, "tr");
      for (const [name, text, value] of columns) {
        const cell = add(line, "td", text(row));
        cell.className = "r n";
        cell.dataset.field = name.split(",")[0];
        cell.dataset.value = value(row) === null ? "" : String(value(row));
      }
    }
    box.append(table);
  }

  function tools() {
    const on = (selector, act) => all(selector).forEach((button) => button.addEventListener("click", () => act(button)));
    on("[data-zoom]", (b) => (b.dataset.zoom === "all" ? Charts.showAll() : Charts.show(data.now - Number(b.dataset.zoom), data.now)));
    on("[data-move]", (b) => Charts.move(Number(b.dataset.move) / 2));
    on("[data-scale]", (b) => Charts.scale(Number(b.dataset.scale)));
    on("button[data-from]", (b) => {
      const [from, to] = [Number(b.dataset.from), Number(b.dataset.to)];
      const room = Math.max((to - from) * 1.5, 4 * data.step);
      Charts.show(from - room, to + room);
      const section = b.closest("section");
      section.querySelector(".charts").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      say(`The charts show ${Numbers.time(Charts.view.min)} to ${Numbers.time(Charts.view.max)}.`);
    });
    const mark = () => all("[data-zoom]").forEach((b) => {
      const wanted = b.dataset.zoom === "all" ? Charts.view.full : [data.now - Number(b.dataset.zoom), data.now];
      const is = Math.abs(Charts.view.min - wanted[0]) < 1 && Math.abs(Charts.view.max - wanted[1]) < 1;
      b.setAttribute("aria-pressed", String(is));
    });
    document.addEventListener("view", mark);
    mark();
    const theme = document.querySelector(".theme");
    const themes = [["auto", "Auto"], ["light", "Light"], ["dark", "Dark"]];
    let at = 0;
    theme.addEventListener("click", () => {
      at = (at + 1) % themes.length;
      const [name, text] = themes[at];
      if (name === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = name;
      theme.querySelector(".now").textContent = text;
      Charts.redraw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", Charts.redraw);
    document.querySelector(".tools").hidden = false;
  }

  /* On paper colours are light ones, and everything is drawn and open. */
  function printing() {
    let before;
    addEventListener("beforeprint", () => {
      before = document.documentElement.dataset.theme;
      document.documentElement.dataset.theme = "light";
      all("figure[data-chart]").forEach(draw);
      all("details.made").forEach((details) => (details.open = true));
      Charts.redraw();
    });
    addEventListener("afterprint", () => {
      if (before) document.documentElement.dataset.theme = before;
      else delete document.documentElement.dataset.theme;
      Charts.redraw();
    });
  }

  Charts.begin(data, extent());
  all("[data-spark]").forEach((box) => {
    const { trend } = data.slos[Number(box.dataset.spark)];
    if (trend.length) Charts.spark(box, trend);
  });
  /* A page of many SLOs draws what is looked at: what is seen at once, then what comes near. */
  all("figure[data-chart]").filter((figure) => figure.getBoundingClientRect().top < innerHeight).forEach(draw);
  const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)), { rootMargin: "600px" });
  all("figure[data-chart]").forEach((figure) => seen.observe(figure));
  all("details.steps").forEach((details) => details.addEventListener("toggle", () => fillSteps(details)));
  tools();
  printing();
})();
