import * as echarts from 'echarts';
import type { Series } from './prometheus.ts';

/** A panel of a dashboard of Grafana's: what of it is drawn here. */
export interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly fieldConfig: { readonly defaults: { readonly unit: string; readonly custom?: Custom } };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly options: { readonly legend: { readonly calcs: readonly string[] } };
}

interface Custom {
  readonly fillOpacity?: number;
  readonly stacking?: { readonly mode: string };
  readonly scaleDistribution?: { readonly type: string };
}

/** A line with its name. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

/** The name that a legend's format makes of labels. */
function nameOf(format: string, metric: Series['metric']): string {
  return format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim();
}

export function linesOf(format: string, series: readonly Series[]): Line[] {
  return series.map(({ metric, values }) => ({
    name: nameOf(format, metric),
    points: values.map(([time, value]) => [time * 1000, Number(value)] as const),
  }));
}

/** The units that the dashboard uses, as Grafana writes them. */
function show(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '';
  if (unit === 's' && value !== 0 && value < 1) {
    return value < 0.001
      ? `${Math.round(value * 1e6)} µs`
      : `${Number((value * 1000).toPrecision(3))} ms`;
  }
  const digits = Number(value.toPrecision(3)).toLocaleString('en');
  const suffix: Readonly<Record<string, string>> = { s: ' s', ops: ' ops/s' };
  return digits + (suffix[unit] ?? '');
}

// Grafana's classic palette.
const COLORS =
  '#7EB26D #EAB839 #6ED0E0 #EF843C #E24D42 #1F78C1 #BA43A9 #705DA0 #508642 #CCA300'.split(' ');
/** As many lines as a legend shows. */
const MAX_ROWS = 5;

function calculate(kind: string, { points }: Line): number {
  const values = points.map(([, value]) => value).filter(Number.isFinite);
  if (values.length === 0) return Number.NaN;
  if (kind === 'max') return Math.max(...values);
  if (kind === 'lastNotNull') return values.at(-1)!;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The panel as HTML, with its chart as SVG, and its legend as a table. */
export function drawPanel(
  panel: Panel,
  lines: readonly Line[],
  width: number,
  from: number,
  to: number,
): string {
  const { unit, custom = {} } = panel.fieldConfig.defaults;
  const { calcs } = panel.options.legend;
  const sorted = lines
    .map((line, i) => ({ line, color: COLORS[i % COLORS.length]!, by: calculate('max', line) }))
    .sort((a, b) => b.by - a.by);
  const rows = sorted.slice(0, MAX_ROWS).map(({ line, color }) => {
    const cells = calcs.map((kind) => `<td>${show(calculate(kind, line), unit)}</td>`).join('');
    return `<tr><td><i style="background:${color}"></i>${escapeHtml(line.name)}</td>${cells}</tr>`;
  });
  const more = sorted.length - rows.length;
  if (more > 0) rows.push(`<tr><td class="more">… ${more} more</td></tr>`);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height: 190 });
  chart.setOption({
    animation: false,
    grid: { left: 8, right: 14, top: 10, bottom: 6, containLabel: true },
    xAxis: {
      type: 'time',
      min: from,
      max: to,
      splitLine: { show: true, lineStyle: { color: '#26282e' } },
      axisLabel: { color: '#9fa1a8', fontSize: 10, formatter: '{mm}:{ss}', hideOverlap: true },
    },
    yAxis: {
      ...(custom.scaleDistribution?.type === 'log' ? { type: 'log' } : { type: 'value', min: 0 }),
      splitNumber: 4,
      splitLine: { lineStyle: { color: '#26282e' } },
      axisLabel: {
        color: '#9fa1a8',
        fontSize: 10,
        formatter: (value: number) => show(value, unit),
      },
    },
    series: lines.map(({ name, points }, i) => ({
      name,
      type: 'line',
      data: points.map(([time, value]) => [time, Number.isFinite(value) ? value : null]),
      showSymbol: points.length < 3,
      symbolSize: 4,
      lineStyle: { width: 1.5, color: COLORS[i % COLORS.length] },
      itemStyle: { color: COLORS[i % COLORS.length] },
      ...(custom.stacking?.mode === 'normal' && { stack: 'all' }),
      ...(custom.fillOpacity && { areaStyle: { opacity: custom.fillOpacity / 100 } }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  const head = calcs.map((kind) => `<th>${escapeHtml(kind)}</th>`).join('');
  const { x, y, w, h } = panel.gridPos;
  const place = `grid-column:${x + 1}/span ${w};grid-row:${y + 1}/span ${h}`;
  return `<section style="${place}"><h2>${escapeHtml(panel.title)}</h2>${
    lines.length === 0 ? '<p>No data</p>' : svg
  }<table><tr><th></th>${head}</tr>${rows.join('')}</table></section>`;
}
