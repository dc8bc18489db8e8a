"use strict";
/* The charts of one SLO, drawn by uPlot, and the stretch of time that all of them share. */
const Charts = (() => {
  const { ratio } = Numbers;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = (name) => () => css(name);
  const HOUR = 3600;
  /* Charts grow with the text around them. */
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const font = (px) => `${Math.round(px * rem)}px ${css("--font")}`;

  /* What all charts show: its full extent, and the part that is looked at. */
  const view = { full: [0, 1], min: 0, max: 1 };
  const charts = [];
  let step = HOUR;

  function show(min, max) {
    const [low, high] = view.full;
    const width = Math.min(Math.max(max - min, Math.min(2 * step, high - low)), high - low);
    const from = Math.min(Math.max((min + max - width) / 2, low), high - width);
    [view.min, view.max] = [from, from + width];
    Object.assign(document.body.dataset, { from: Math.round(view.min), to: Math.round(view.max) });
    for (const chart of charts) chart.setScale("x", { min: view.min, max: view.max });
    document.dispatchEvent(new CustomEvent("view"));
  }
  const showAll = () => show(...view.full);
  const scale = (factor) => {
    const half = ((view.max - view.min) * factor) / 2;
    const middle = (view.max + view.min) / 2;
    show(middle - half, middle + half);
  };
  const move = (part) => {
    const by = Math.min(Math.max((view.max - view.min) * part, view.full[0] - view.min), view.full[1] - view.max);
    show(view.min + by, view.max + by);
  };

  const DIGITS = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((digit, i) => [digit, i]));

  /* A column of counts: a list of digits, or the differences of each to the one before as base64 VLQ (see data.rs). */
  function column(text) {
    if (Array.isArray(text)) return text;
    const counts = [];
    let [last, n, scale] = [0, 0, 1];
    for (const digit of text) {
      const value = DIGITS.get(digit);
      n += (value % 32) * scale;
      scale *= 32;
      if (value < 32) {
        last += n % 2 ? -(n - 1) / 2 : n / 2;
        counts.push(last);
        [n, scale] = [0, 1];
      }
    }
    return counts;
  }
  const columns = (of) => Object.fromEntries(Object.entries(of).filter(([, text]) => text !== null).map(([name, text]) => [name, column(text)]));

  /* Every step of an SLO, derived from its counts by the arithmetic of the windows table. */
  function derive(slo) {
    const n = slo.start === null ? 0 : Math.ceil((slo.ends - slo.start) / step);
    const counts = columns(slo.counts);
    const spent = slo.spent ? columns(slo.spent) : counts;
    const wholes = slo.whole === null ? null : column(slo.whole);
    const rows = [];
    let change = 0;
    let mode = null;
    for (let i = 0; i < n; i++) {
      while (change < slo.modes.length && slo.modes[change][0] <= i) mode = slo.modes[change++][1];
      const row = { start: slo.start + i * step, end: Math.min(slo.start + (i + 1) * step, slo.ends), mode };
      for (const name of ["events", "good", "bad", "unknown"]) row[name] = counts[name][i];
      row.excluded = counts.excluded ? counts.excluded[i] : row.events - row.good - row.bad - row.unknown;
      row.spent = [spent.good[i], spent.bad[i]];
      row.window = [spent.window_good[i], spent.window_bad[i]];
      const valid = Numbers.plus(...row.spent);
      const whole = wholes === null ? Numbers.plus(...row.window) : wholes[i];
      row.sli = Numbers.sli(...row.spent);
      row.burn = Numbers.burn(slo.target, row.spent[1], valid);
      row.windowSli = Numbers.sli(...row.window);
      row.remaining = row.windowSli === null ? null : Numbers.remaining(slo.target, row.window[1], whole);
      rows.push(row);
    }
    return rows;
  }

  /* Burn over the stretch of `seconds` that ends with each step: null where that is no whole number of steps. */
  function trailing(slo, rows, seconds) {
    const k = seconds / step;
    if (!Number.isInteger(k)) return null;
    let [bad, good] = [0, 0];
    return rows.map((row, i) => {
      [good, bad] = [good + Number(row.spent[0]), bad + Number(row.spent[1])];
      if (i >= k) [good, bad] = [good - Number(rows[i - k].spent[0]), bad - Number(rows[i - k].spent[1])];
      return good + bad > 0 ? ratio(bad * slo.target[1], (good + bad) * (slo.target[1] - slo.target[0])) : null;
    });
  }

  /* Stretches of time as shades behind the lines. */
  const shades = (stretches, name) => ({
    hooks: {
      drawClear: (u) => {
        const { left, top, width, height } = u.bbox;
        u.ctx.save();
        u.ctx.fillStyle = css(name);
        for (const [from, to] of stretches) {
          const x0 = Math.max(u.valToPos(from, "x", true), left);
          const x1 = Math.min(Math.max(u.valToPos(to, "x", true), x0 + 2 * devicePixelRatio), left + width);
          if (x1 > x0) u.ctx.fillRect(x0, top, x1 - x0, height);
        }
        u.ctx.restore();
      },
    },
  });

  /* Horizontal lines that are not data: targets, thresholds, bounds. A label stands above its line, on a ground of its own, or behind the
   * chart, where no line of data runs, if there is room beside it. */
  const marks = (list, axis, isBeside) => ({
    hooks: {
      draw: (u) => {
        const { left, top, width, height } = u.bbox;
        const ratio = devicePixelRatio;
        const line = 13 * rem * ratio;
        u.ctx.save();
        u.ctx.font = `${11 * rem * ratio}px ${css("--font")}`;
        u.ctx.textAlign = "left";
        u.ctx.textBaseline = isBeside ? "middle" : "bottom";
        let above = Infinity;
        for (const { at, label, ink, dash } of [...list].sort((a, b) => a.at - b.at)) {
          const y = u.valToPos(at, axis, true);
          if (!(y >= top - 1 && y <= top + height + 1)) continue;
          u.ctx.strokeStyle = u.ctx.fillStyle = css(ink);
          u.ctx.lineWidth = 1.25 * ratio;
          u.ctx.setLineDash((dash || [6, 4]).map((n) => n * ratio));
          u.ctx.beginPath();
          u.ctx.moveTo(left, y);
          u.ctx.lineTo(left + width, y);
          u.ctx.stroke();
          /* Labels of lines that are too near to one another are left out: what stands below the chart has them. */
          if (above - y <= line || !isBeside && y - line <= top) continue;
          above = y;
          if (isBeside) {
            u.ctx.fillText(label, left + width + 5 * ratio, y);
            continue;
          }
          u.ctx.setLineDash([]);
          u.ctx.lineJoin = "round";
          u.ctx.lineWidth = 4 * ratio;
          u.ctx.strokeStyle = css("--paper");
          u.ctx.strokeText(label, left + 6 * ratio, y - 2 * ratio);
          u.ctx.fillText(label, left + 6 * ratio, y - 2 * ratio);
        }
        u.ctx.restore();
      },
    },
  });

  /* What tiers of alerts ask for, in words below their chart. */
  function explainTiers(root, tiers) {
    const list = document.createElement("ul");
    list.className = "tiers";
    for (const tier of tiers) {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.style.background = `var(${tier.ink})`;
      const lengths = `${tier.long}${tier.short ? ` and ${tier.short}` : ""}`;
      item.append(swatch, `${tier.name}: over ${lengths} above ${Numbers.rate(tier.factor)}×`);
      list.append(item);
    }
    root.append(list);
  }

  const axis = (more) => ({
    stroke: ink("--quiet"),
    grid: { stroke: ink("--grid"), width: 1 },
    ticks: { show: false },
    font: font(12),
    ...more,
    size: more.size * rem,
    ...(more.label && { labelFont: font(11), labelSize: 18 * rem, labelGap: 0 }),
  });

  /* Dates and times of the axis: a tick says what has changed since the one before. */
  const day = "{MMM} {D}";
  const dates = [
    [365 * 86400, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * 86400, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [86400, day, "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", `\n${day}`, null, `\n${day}`, null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", `\n${day}`, null, `\n${day}`, null, null, null, 1],
  ];

  /* What every chart has in common. */
  function make(root, { rows, series, scales, axes, plugins, beside = 26 }, label, say) {
    const box = root.querySelector(".plot");
    const options = {
      width: Math.max(box.clientWidth, 240),
      height: Math.round((root.classList.contains("wide") ? 320 : 240) * rem),
      padding: [12, beside, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        sync: { key: "slix", setSeries: false, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
        drag: { x: true, y: false, dist: 6 },
        points: { size: 6 },
        bind: {
          dblclick: () => () => showAll(),
          /* With Shift the chart is moved instead. */
          mousedown: (u, target, handler) => (event) => {
            if (event.shiftKey) grab(u, event);
            else handler(event);
          },
        },
      },
      legend: { live: true },
      scales: { x: { time: true, range: (u, min, max) => (u.status === 1 && min !== null ? [min, max] : [view.min, view.max]) }, ...scales },
      axes: [axis({ space: 70 * rem, size: 46, values: dates }), ...axes],
      series: [{ label: "until, UTC", value: (u, v) => (v === null ? "–" : Numbers.time(v)) }, ...series.map(({ column, ...one }) => one)],
      plugins,
      hooks: {
        setScale: [
          (u, key) => {
            if (key !== "x" || (u.scales.x.min === view.min && u.scales.x.max === view.max)) return;
            show(u.scales.x.min, u.scales.x.max);
          },
        ],
        ready: [(u) => u.setLegend({ idx: rows.length - 1 }, false)],
      },
    };
    const chart = new uPlot(options, [rows.map((row) => row.end), ...series.map((one) => one.column)], box);
    charts.push(chart);
    const canvas = box.querySelector("canvas");
    canvas.setAttribute("aria-hidden", "true");
    root.tabIndex = 0;
    root.setAttribute("aria-label", `${label}. Arrow keys read values, plus and minus zoom, 0 shows all.`);
    root.addEventListener("keydown", (event) => keys(event, chart, rows, say));
    new ResizeObserver(() => resize(chart, box)).observe(box);
    return chart;
  }

  function resize(chart, box) {
    if (box.clientWidth > 0 && box.clientWidth !== chart.width) chart.setSize({ width: box.clientWidth, height: chart.height });
  }

  function grab(u, event) {
    let last = event.clientX;
    const drag = (e) => {
      const by = ((last - e.clientX) / u.over.clientWidth) * (view.max - view.min);
      last = e.clientX;
      move(by / (view.max - view.min));
    };
    const drop = () => {
      document.removeEventListener("mousemove", drag);
      document.removeEventListener("mouseup", drop);
    };
    document.addEventListener("mousemove", drag);
    document.addEventListener("mouseup", drop);
  }

  function keys(event, chart, rows, say) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const at = (i) => {
      const index = Math.min(Math.max(i, 0), rows.length - 1);
      const row = rows[index];
      if (row.end < view.min || row.end > view.max) show(row.end - (view.max - view.min) / 2, row.end + (view.max - view.min) / 2);
      chart.setCursor({ left: chart.valToPos(row.end, "x"), top: 10 });
      const values = [...chart.root.querySelectorAll(".u-legend .u-series")].map((s) => s.textContent.trim());
      say(values.join(", "));
    };
    const here = chart.cursor.idx === null || chart.cursor.idx === undefined ? rows.length : chart.cursor.idx;
    const actions = {
      ArrowLeft: () => (event.shiftKey ? move(-0.25) : at(here - 1)),
      ArrowRight: () => (event.shiftKey ? move(0.25) : at(here + 1)),
      Home: () => at(0),
      End: () => at(rows.length - 1),
      "+": () => scale(0.5),
      "=": () => scale(0.5),
      "-": () => scale(2),
      0: showAll,
      Escape: showAll,
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  const stepped = () => uPlot.paths.stepped({ align: -1 });
  const bars = () => uPlot.paths.bars({ align: -1, size: [1, Infinity, 1], gap: 0 });
  const noPoints = { show: false };
  /* A single value is no line: a point shows it. */
  const points = (rows) => ({ show: rows.length < 3, size: 7 });

  const makers = {
    sli(root, slo, rows, say, label) {
      const target = slo.target[0] / slo.target[1];
      const low = (u, min, max) => {
        const from = Math.min(min === null ? target : min, target);
        const room = Math.max((1 - from) * 0.08, 1e-6);
        return [from - room, 1 + room * 0.5];
      };
      return make(root, {
        rows,
        series: [{
          label: "SLI", column: rows.map((row) => row.sli), scale: "y", stroke: ink("--accent"), fill: ink("--accent-soft"), width: 1.5,
          paths: stepped(), points: points(rows), fillTo: (u) => u.scales.y.min,
          value: (u, v, s, i) => (i === null || v === null ? "–" : Numbers.percent(rows[i].spent[0], Numbers.plus(...rows[i].spent), slo.decimals + 2)),
        }],
        scales: { y: { range: low } },
        axes: [axis({ scale: "y", size: 76, values: (u, ticks) => ticks.map((v) => (v > 1 + 1e-9 ? "" : `${Number((v * 100).toFixed(4))}%`)) })],
        plugins: [shades(slo.excluded, "--shade-excluded"), shades(slo.incidents, "--shade-incident"), marks([{ at: target, label: "target", ink: "--ink" }], "y")],
      }, label, say);
    },

    budget(root, slo, rows, say, label) {
      const last = rows[rows.length - 1];
      const ends = slo.exhausted_in && last.remaining > 0 ? last.end + slo.exhausted_in : null;
      /* The pace of the last day goes on from the last point; it ends at nothing left, or where the chart ends. */
      const projection = {
        hooks: {
          draw: (u) => {
            if (ends === null) return;
            const [x0, y0, x1, y1] = [u.valToPos(last.end, "x", true), u.valToPos(last.remaining, "y", true), u.valToPos(ends, "x", true), u.valToPos(0, "y", true)];
            const { left, top, width, height } = u.bbox;
            u.ctx.save();
            u.ctx.beginPath();
            u.ctx.rect(left, top, width, height);
            u.ctx.clip();
            u.ctx.strokeStyle = css("--bad");
            u.ctx.lineWidth = 1.5 * devicePixelRatio;
            u.ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
            u.ctx.beginPath();
            u.ctx.moveTo(x0, y0);
            u.ctx.lineTo(x1, y1);
            u.ctx.stroke();
            u.ctx.restore();
          },
        },
      };
      const range = (u, min, max) => {
        const [low, high] = [Math.min(min === null ? 0 : min, 0), Math.max(max === null ? 1 : max, 0)];
        const room = Math.max((high - low) * 0.06, 0.01);
        return [low < 0 ? low - room : -room * 0.5, high + room];
      };
      return make(root, {
        rows,
        series: [{
          label: "budget left", column: rows.map((row) => row.remaining), scale: "y", stroke: ink("--accent"), fill: ink("--accent-soft"), width: 2,
          points: points(rows), fillTo: 0, value: (u, v) => Numbers.share(v),
        }],
        scales: { y: { range } },
        axes: [axis({ scale: "y", size: 64, values: (u, ticks) => ticks.map((v) => `${Number((v * 100).toFixed(1))}%`) })],
        plugins: [shades(slo.excluded, "--shade-excluded"), shades(slo.incidents, "--shade-incident"), marks([{ at: 0, label: "", ink: "--ink", dash: [] }], "y"), projection],
      }, label, say);
    },

    burn(root, slo, rows, say, label) {
      const inks = ["--tier-1", "--tier-2", "--tier-3", "--tier-4"];
      const tiers = slo.tiers.map((tier, i) => ({ ...tier, ink: inks[i % inks.length], values: trailing(slo, rows, tier.long_seconds) }));
      const lines = tiers.filter((tier) => tier.values !== null && tier.long_seconds > step);
      const top = Math.max(1, ...rows.map((row) => row.burn || 0), ...tiers.map((tier) => tier.factor));
      explainTiers(root, tiers);
      return make(root, {
        rows,
        beside: tiers.length > 0 ? 48 * rem : 26,
        series: [
          { label: "burn", column: rows.map((row) => row.burn), scale: "y", stroke: ink("--accent"), fill: ink("--accent-soft"), width: 1.25, paths: stepped(), points: points(rows), fillTo: 0, value: (u, v) => (v === null ? "–" : `${Numbers.rate(v)}×`) },
          ...lines.map((tier) => ({ label: `over ${tier.long}`, column: tier.values, scale: "y", stroke: ink(tier.ink), width: 1.5, points: noPoints, value: (u, v) => (v === null ? "–" : `${Numbers.rate(v)}×`) })),
        ],
        /* Rates reach from 0 to hundreds: the axis is even near 0 and logarithmic beyond. */
        scales: { y: { distr: 4, asinh: 1, range: () => [0, top * 1.25] } },
        axes: [axis({ scale: "y", size: 64, splits: () => [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000].filter((v) => v <= top * 1.25), filter: (u, list) => list, values: (u, ticks) => ticks.map((v) => `${v}×`) })],
        plugins: [
          shades(slo.excluded, "--shade-excluded"), shades(slo.alerts, "--shade-alert"),
          marks(tiers.map((tier) => ({ at: tier.factor, label: `${Numbers.rate(tier.factor)}×`, ink: tier.ink })), "y", true),
        ],
      }, label, say);
    },

    events(root, slo, rows, say, label) {
      const count = (name) => (u, v, s, i) => (i === null || v === null ? "–" : Numbers.count(rows[i][name]));
      const few = rows.some((row) => !Numbers.isZero(row.bad) || !Numbers.isZero(row.unknown));
      const short = (v) => (v >= 1e9 ? `${v / 1e9} G` : v >= 1e6 ? `${v / 1e6} M` : v >= 1e4 ? `${v / 1e3} k` : `${v}`);
      const values = (u, ticks) => ticks.map((v) => (v === null || v !== Math.floor(v) ? "" : short(v)));
      const from0 = (u, min, max) => [0, Math.max(max || 0, 1) * 1.08];
      const below = (u, min, max) => [0, Math.max(max || 0, 1) * 2];
      return make(root, {
        rows,
        series: [
          { label: "good", column: rows.map((row) => Number(row.good)), scale: "y", stroke: ink("--good"), fill: ink("--good-soft"), width: 1.25, paths: stepped(), points: points(rows), fillTo: 0, value: count("good") },
          { label: "bad", column: rows.map((row) => Number(row.bad)), scale: "few", stroke: ink("--bad"), fill: ink("--bad"), width: 0, paths: bars(), points: noPoints, value: count("bad") },
          { label: "unknown", column: rows.map((row) => Number(row.unknown)), scale: "few", stroke: ink("--unknown"), fill: ink("--unknown-soft"), width: 1.25, paths: stepped(), points: noPoints, value: count("unknown") },
          { label: "not valid", column: rows.map((row) => Number(row.excluded)), scale: "y", stroke: ink("--quiet"), width: 1, dash: [2, 3], paths: stepped(), points: noPoints, value: count("excluded") },
        ],
        scales: { y: { range: from0 }, few: { range: below } },
        axes: [
          axis({ scale: "y", size: 64, values, label: "good, not valid" }),
          ...(few ? [axis({ scale: "few", side: 1, size: 56, values, grid: { show: false }, label: "bad, unknown" })] : []),
        ],
        plugins: [shades(slo.excluded, "--shade-excluded"), shades(slo.incidents, "--shade-incident")],
      }, label, say);
    },

    latency(root, slo, all, say, label) {
      const { width, edges, bounds } = slo.latency;
      const rows = column(slo.latency.starts).map((start) => ({ start, end: start + width }));
      const quantiles = slo.latency.quantiles.map(column);
      const cells = slo.latency.cells.map(column);
      const totals = rows.map((row, i) => cells.reduce((sum, counts) => Numbers.plus(sum, counts[i]), 0));
      const most = cells.reduce((most, counts) => counts.reduce((top, count) => Math.max(top, Number(count)), most), 1);
      const [low, high] = [Math.max(edges[0], 100), edges[edges.length - 1]];
      /* The heat map: cells by time and latency, the darker the more events, by their logarithm. */
      const heat = {
        hooks: {
          drawAxes: (u) => {
            const { left, top, width: w, height: h } = u.bbox;
            u.ctx.save();
            u.ctx.beginPath();
            u.ctx.rect(left, top, w, h);
            u.ctx.clip();
            u.ctx.fillStyle = css("--heat");
            const y = edges.map((us) => u.valToPos(Math.max(us, low), "y", true));
            /* Stretches that are narrower than a dot show one of them: over one another they would all be dark. */
            rows.forEach((row, i) => {
              const [x0, x1] = [row.start, row.end].map((at) => Math.round(u.valToPos(at, "x", true)));
              if (x1 < left || x0 > left + w || x1 <= x0) return;
              cells.forEach((counts, k) => {
                if (Numbers.isZero(counts[i])) return;
                u.ctx.globalAlpha = 0.1 + 0.9 * (Math.log1p(Number(counts[i])) / Math.log1p(most));
                u.ctx.fillRect(x0, y[k + 1], x1 - x0, y[k] - y[k + 1]);
              });
            });
            u.ctx.restore();
          },
        },
      };
      const line = (i, name, ink_, dash) => ({
        label: name, column: quantiles[i].map((us) => Math.max(us, low)), scale: "y", stroke: ink(ink_), width: 1.75, dash, paths: stepped(), points: points(rows),
        value: (u, v, s, at) => (at === null ? "–" : Numbers.latency(quantiles[i][at])),
      });
      const ticks = [];
      for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) ticks.push(...[1, 2, 5].map((n) => n * decade).filter((v) => v >= low && v <= high));
      return make(root, {
        rows,
        series: [
          line(0, "p50", "--ink"), line(1, "p90", "--tier-4", [8, 3]), line(2, "p95", "--tier-2", [5, 3]), line(3, "p99", "--bad"),
          { label: "events", column: totals.map(() => null), scale: "none", width: 0, points: noPoints, paths: () => null, value: (u, v, s, at) => (at === null ? "–" : Numbers.count(totals[at])) },
        ],
        scales: { y: { distr: 3, range: () => [low, high] }, none: { auto: false, range: [0, 1] } },
        axes: [axis({ scale: "y", size: 76, splits: () => ticks, filter: (u, list) => list, values: (u, list) => list.map((v) => Numbers.latency(v)) })],
        plugins: [heat, marks(bounds.filter((us) => us >= low).map((us) => ({ at: us, label: `declared bound, ${Numbers.latency(us)}`, ink: "--ink" })), "y")],
      }, label, say);
    },
  };

  /* A line that fits into a row of a table. */
  function spark(box, values) {
    const top = Math.max(1, ...values.map((v) => v || 0));
    const options = {
      width: Math.max(box.clientWidth, 60), height: 30, padding: [2, 1, 2, 1], legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: () => [-0.5, Math.max(values.length, 1) - 0.5] }, y: { range: () => [0, top] } },
      axes: [{ show: false }, { show: false }],
      series: [{}, { stroke: ink("--accent"), fill: ink("--accent"), width: 0, paths: uPlot.paths.bars({ size: [0.72, 14], align: 0 }), points: noPoints }],
      plugins: [marks([{ at: 1, label: "", ink: "--quiet", dash: [2, 2] }], "y")],
    };
    /* A bar of nothing is no bar: what is little is at least a hair high. */
    const shown = values.map((v) => (v === null ? null : Math.max(v, top * 0.035)));
    const chart = new uPlot(options, [values.map((v, i) => i), shown], box);
    box.querySelector("canvas").setAttribute("aria-hidden", "true");
    new ResizeObserver(() => resize(chart, box)).observe(box);
    sparks.push(chart);
  }
  const sparks = [];

  function begin(data, extent) {
    step = data.step;
    view.full = extent;
    show(...extent);
  }

  const redraw = () => [...charts, ...sparks].forEach((chart) => chart.redraw(false, true));
  return { begin, derive, makers, spark, show, showAll, scale, move, redraw, view };
})();
