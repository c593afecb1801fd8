import UPlot from './vendor/uplot/uPlot.esm.js';

/** Two minutes, one point a second. */
const POINTS = 120;
const HEIGHT = 190;
const container = document.querySelector('#pool-chart');
const summary = document.querySelector('#pool-summary');

/** Times in seconds; connections in use, connections in all, callers that wait. */
const data = [[], [], [], []];
let chart = null;
let latest = null;

/** A point of the chart. */
export function showPool(stats) {
  const { at, size, inUse, waiting, maxSize } = stats;
  const rate = latest === null ? 0 : perSecond(latest, stats);
  latest = stats;
  for (const [series, value] of [at / 1000, inUse, size, waiting].entries()) {
    data[series].push(value);
    if (data[series].length > POINTS) data[series].shift();
  }
  summary.textContent = `${inUse} of ${size} in use, at most ${maxSize} · ${waiting} waiting · ${rate} queries/s`;
  container.setAttribute('aria-label', `Connections over two minutes; now ${summary.textContent}`);
  if (chart === null) draw();
  else chart.setData(data);
}

function perSecond(before, now) {
  const seconds = (now.at - before.at) / 1000;
  return seconds <= 0 ? 0 : Math.round((now.acquired - before.acquired) / seconds);
}

function draw() {
  const color = colors();
  chart?.destroy();
  const axis = {
    stroke: color.faint,
    grid: { stroke: color.line, width: 1 },
    ticks: { show: false },
  };
  chart = new UPlot(
    {
      width: container.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: (_chart, _from, to) => [to - POINTS, to] },
        y: { range: (_chart, _from, to) => [0, Math.max(latest.maxSize, to * 1.05)] },
      },
      axes: [
        { ...axis, space: 90, values: (_chart, ticks) => ticks.map(time) },
        { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
      ],
      series: [
        {},
        { stroke: color.accent, fill: color.accent, width: 1, points: { show: false } },
        { stroke: color.idle, width: 1, points: { show: false } },
        { stroke: color.warn, width: 2, points: { show: false } },
      ],
      bands: [{ series: [2, 1], fill: color.idle }],
    },
    data,
    container,
  );
}

function time(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

/** The colors of the page, which a canvas cannot inherit. */
function colors() {
  const probe = document.createElement('i');
  container.append(probe);
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = Object.fromEntries(
    ['accent', 'idle', 'warn', 'faint', 'line'].map((name) => [name, read(name)]),
  );
  probe.remove();
  return found;
}

new ResizeObserver(() => chart?.setSize({ width: container.clientWidth, height: HEIGHT })).observe(
  container,
);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart && draw());
