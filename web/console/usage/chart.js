// The chart of the usage page: stacked bars by uPlot, which is loaded here and nowhere else.
import { tick } from "../format.js";
import { h } from "../ui.js";
import { label } from "./ranges.js";

let library; // the promise of uPlot

function uplot() {
  library ??= new Promise((resolve, reject) => document.head.append(h("script", { src: "/console/vendor/uplot/uPlot.iife.min.js", onload: resolve, onerror: () => reject(new Error("the chart library could not be loaded")) }))).then(() => globalThis.uPlot, (err) => {
    library = undefined; // the next try may succeed
    throw err;
  });
  return library;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** colourOf is the colour of the series with a number, as a variable of the theme. */
export const colourOf = (i) => `--chart-${i % 8}`;

/**
 * chart draws series of values over times (ms), one on top of the other. It keeps to the width of its element; its colours follow the
 * theme. write writes a value. It resolves to { element, destroy }.
 */
export async function chart({ times, by, series, write, describe }) {
  const UPlot = await uplot();
  const place = h("div", { class: "chart-place" });
  const tip = h("div", { class: "chart-tip", "aria-hidden": "true", hidden: true });
  const element = h("div", { class: "chart", role: "img", "aria-label": describe }, place, tip);
  // The first series is drawn last and lies below: each is drawn up to its sum with those before it, the highest first.
  const sums = [];
  series.forEach((s, i) => sums.push(s.values.map((v, j) => v + (sums[i - 1]?.[j] ?? 0))));
  const order = series.map((_, i) => i).reverse();
  const data = [times.map((t) => t / 1000), ...order.map((i) => sums[i])];
  let plot;

  const draw = () => {
    plot?.destroy();
    const muted = colour("--muted");
    const axis = { stroke: muted, font: `12px ${colour("--sans")}`, ticks: { show: false }, grid: { stroke: colour("--border"), width: 1 } };
    plot = new UPlot({
      width: Math.max(200, place.clientWidth), height: Math.max(220, Math.min(360, innerHeight * 0.38)), tzDate: (s) => UPlot.tzDate(new Date(s * 1000), "Etc/UTC"),
      legend: { show: false }, cursor: { y: false, points: { show: false }, drag: { x: false, y: false } }, padding: [12, 8, 0, 0],
      scales: { x: { range: (_, min, max) => padded(min, max, times) }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [{ ...axis, grid: { show: false }, space: 64, size: 32, values: axisValues(by) }, { ...axis, size: 64, values: (_, splits) => splits.map((v) => tick(v, splits[1] - splits[0])) }],
      series: [{}, ...order.map((i) => ({ fill: colour(colourOf(i)), stroke: colour(colourOf(i)), width: 0, paths: UPlot.paths.bars({ size: [0.78, 48], radius: i === series.length - 1 ? 0.12 : 0 }), points: { show: false } }))],
      hooks: { setCursor: [point] },
    }, data, place);
  };

  const point = (u) => {
    const i = u.cursor.idx;
    tip.hidden = i === null || i === undefined || u.cursor.left < 0;
    if (tip.hidden) return;
    const rows = series.map((s, k) => [s, k]).filter(([s]) => s.values[i] > 0).reverse();
    tip.replaceChildren(h("strong", {}, label(times[i], by)), ...rows.map(([s, k]) => h("div", {}, swatch(k), h("span", { dir: "auto" }, s.name), h("b", {}, write(s.values[i])))), rows.length === 0 ? h("div", {}, "nothing") : "");
    const left = u.cursor.left + u.over.offsetLeft;
    const far = left > element.clientWidth / 2;
    tip.style.setProperty("left", far ? "auto" : `${left + 16}px`);
    tip.style.setProperty("right", far ? `${element.clientWidth - left + 16}px` : "auto");
  };

  const sized = new ResizeObserver(() => {
    if (!place.clientWidth) return;
    if (plot) plot.setSize({ width: place.clientWidth, height: plot.height });
    else draw();
  });
  sized.observe(place);
  document.addEventListener("themechange", draw);
  return { element, destroy() {
    sized.disconnect();
    document.removeEventListener("themechange", draw);
    plot?.destroy();
  } };
}

/** swatch is a spot in the colour of a series. */
export function swatch(i) {
  const spot = h("i", { class: "swatch" });
  spot.style.setProperty("background", `var(${colourOf(i)})`);
  return spot;
}

// padded leaves half a step free on both sides, so that no bar is cut.
function padded(min, max, times) {
  const step = times.length > 1 ? (times[1] - times[0]) / 1000 : 3600;
  return [min - step * 0.6, max + step * 0.6];
}

function axisValues(by) {
  const format = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...{ hour: { hour: "2-digit", minute: "2-digit" }, day: { day: "numeric", month: "short" }, month: { month: "short", year: "2-digit" } }[by] });
  const date = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", day: "numeric", month: "short" });
  let before = "";
  return (_, splits) => splits.map((s, i) => {
    const t = s * 1000;
    if (by === "hour" && new Date(t).getUTCHours() === 0) return date.format(t);
    const text = format.format(t);
    const same = i > 0 && text === before; // uPlot may put two lines into one month
    before = text;
    return same ? "" : text;
  });
}
