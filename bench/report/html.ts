import { type Cell, casesOf, findCell, type Results } from '../results.ts';
import { geometricMean } from '../statistics.ts';
import { UNTARGETED } from '../targets.ts';
import { WORKLOADS } from '../workloads.ts';
import { type Bar, barChart } from './chart.ts';
import { figure, type Part } from './part.ts';

const STYLE = `
:root { color-scheme: light dark;
  --page: light-dark(#fbfbfa, #16181b); --card: light-dark(#ffffff, #1e2125);
  --text: light-dark(#1d2329, #e4e7ea); --muted: light-dark(#5d6670, #98a2ad);
  --line: light-dark(#e3e6e9, #30353b); --ours: light-dark(#2367b4, #5aa2f0);
  --others: light-dark(#c3cad1, #4c545d); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 44px 0 4px; }
h3 { font-size: 14px; margin: 0 0 6px; } p { margin: 4px 0 14px; max-width: 76ch; }
.muted { color: var(--muted); }
.grid { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 14px 8px; overflow: hidden; }
.card svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { color: var(--muted); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
td.ours { color: var(--ours); font-weight: 600; }
details { margin-top: 14px; } summary { cursor: pointer; font-weight: 600; }
`;

/** A page that needs nothing else: charts, tables and what was measured on what. */
export function htmlReport(results: Results, parts: readonly Part[]): string {
  const date = results.date.slice(0, 10);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>asyncpg for TypeScript: benchmark of ${date}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What a query costs</h1>
<p class="muted">${escapeHtml(`${date} · ${results.machine} · ${results.server} · commit ${results.commit}`)}</p>
<p>Processor time that the client spends on one operation, user and system, in microseconds: the
shorter the bar, the more is left for the program. Medians of ${results.rounds} alternating rounds of
${results.seconds} s, each driver in a process of its own, the server on the same machine.</p>
<h2>All workloads together</h2>
<p class="muted">Client CPU as a multiple of ours: geometric mean of the workloads that both have
but ${[...UNTARGETED].join(', ')}, nearly all of which is the runtime’s own handshake.</p>
<div class="card">${barChart(meanBars(results), 760)}</div>
<h2>Each workload</h2>
<p class="muted">Client CPU for one operation, at the most connections that were measured.</p>
<div class="grid">${workloadCards(results)}</div>
<h2>The numbers</h2>
${details(results, 'Client CPU per operation, in µs', ({ cpuMicros }) => micros(cpuMicros), true)}
${details(results, 'Operations per second', ({ perSecond }) => whole(perSecond))}
${details(results, 'Latency in µs: median / 99th percentile', (cell) => `${micros(cell.p50Micros)} / ${micros(cell.p99Micros)}`)}
${details(results, 'Peak memory of the client, in MiB', ({ peakRssBytes }) => mebibytes(peakRssBytes))}
${parts.map(partSection).join('\n')}
<h2>What was compared</h2>
<ul>${results.drivers.map(({ label, version, runtime }) => `<li>${escapeHtml(`${label} ${version}, ${runtime}`)}</li>`).join('')}
${results.missing.map((missing) => `<li class="muted">not measured: ${escapeHtml(missing)}</li>`).join('')}</ul>
</main>
</body>
</html>
`;
}

/** The cells at the most connections, one for each workload. */
function widestCases(results: Results): ReturnType<typeof casesOf> {
  const widest = new Map<string, { workload: string; connections: number }>();
  for (const each of casesOf(results)) {
    const soFar = widest.get(each.workload);
    if (soFar === undefined || soFar.connections < each.connections)
      widest.set(each.workload, each);
  }
  return [...widest.values()];
}

function meanBars(results: Results): Bar[] {
  const ours = results.drivers[0]?.id ?? '';
  return results.drivers.flatMap(({ id, label }) => {
    const ratios = widestCases(results).flatMap(({ workload, connections }) => {
      if (UNTARGETED.has(workload)) return [];
      const own = findCell(results, workload, connections, ours);
      const their = findCell(results, workload, connections, id);
      return own === undefined || their === undefined ? [] : [their.cpuMicros / own.cpuMicros];
    });
    if (ratios.length === 0) return [];
    const value = geometricMean(ratios);
    return [{ label, value, text: `${value.toFixed(2)} ×`, isOurs: id === ours }];
  });
}

function workloadCards(results: Results): string {
  const ours = results.drivers[0]?.id;
  return widestCases(results)
    .map(({ workload, connections }) => {
      const bars = results.drivers.flatMap(({ id, label }) => {
        const cell = findCell(results, workload, connections, id);
        if (cell === undefined) return [];
        const value = cell.cpuMicros;
        return [{ label, value, text: `${micros(value)} µs`, isOurs: id === ours }];
      });
      const title = WORKLOADS.find(({ name }) => name === workload)?.title ?? workload;
      return `<section class="card"><h3>${escapeHtml(title)}</h3>${barChart(bars, 380)}</section>`;
    })
    .join('\n');
}

/** One part: what it means, and a chart for each of its rows. */
function partSection({ title, meaning, columns, rows, source }: Part): string {
  const cards = rows.map((row) => {
    const bars = columns.flatMap((label, i): Bar[] => {
      const value = row.values[i] ?? null;
      return value === null ? [] : [{ label, value, text: figure(value), isOurs: i === 0 }];
    });
    const heading = `${escapeHtml(row.title)} <span class="muted">${escapeHtml(row.unit)}</span>`;
    return `<section class="card"><h3>${heading}</h3>${barChart(bars, 380)}</section>`;
  });
  return `<h2>${escapeHtml(title)}</h2>
<p>${withCode(meaning)}</p>
<div class="grid">${cards.join('\n')}</div>
<p class="muted">${withCode(source)}</p>`;
}

/** Text with what stands between backticks as code. */
function withCode(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}

function details(
  results: Results,
  title: string,
  show: (cell: Cell) => string,
  open: boolean = false,
): string {
  const ours = results.drivers[0]?.id;
  const head = results.drivers.map(({ label }) => `<th>${escapeHtml(label)}</th>`).join('');
  const rows = casesOf(results).map(({ workload, connections }) => {
    const cells = results.drivers.map(({ id }) => {
      const cell = findCell(results, workload, connections, id);
      const text = cell === undefined ? '–' : show(cell);
      return `<td${id === ours ? ' class="ours"' : ''}>${text}</td>`;
    });
    return `<tr><td>${workload}</td><td>${connections}</td>${cells.join('')}</tr>`;
  });
  return `<details${open ? ' open' : ''}><summary>${title}</summary><div class="scroll"><table>
<thead><tr><th>workload</th><th>connections</th>${head}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`;
}

function micros(value: number): string {
  return value < 100 ? value.toFixed(1) : whole(value);
}

function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : whole(bytes / 1024 ** 2);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
