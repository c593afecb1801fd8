import { type Cell, casesOf, findCell, type Results } from '../results.ts';
import { type Part, partTable } from './part.ts';

/** The results as tables of Markdown. */
export function markdownReport(results: Results, parts: readonly Part[]): string {
  const drivers = results.drivers.map(
    ({ label, version, runtime }) => `- ${label} ${version}: ${runtime}`,
  );
  return [
    '# Results of the benchmark',
    `${results.date.slice(0, 10)}, ${results.machine}, ${results.server}, commit ${results.commit}.`,
    [
      `Medians of ${results.rounds} alternating rounds of ${results.seconds} s each, every driver in a`,
      'process of its own on the same machine as the server. Compare within a row only: numbers drift from',
      'hour to hour, their ratios hold. Written by `npm run bench`.',
    ].join('\n'),
    drivers.join('\n'),
    ...(results.missing.length === 0 ? [] : [`Not measured: ${results.missing.join('; ')}.`]),
    '## Client CPU per operation, in µs',
    'User and system time of the client. In parentheses: how many times what this library needs.',
    table(
      results,
      (cell, ours) => `${micros(cell.cpuMicros)}${ratio(cell.cpuMicros, ours?.cpuMicros)}`,
    ),
    '## Operations per second',
    table(results, (cell) => whole(cell.perSecond)),
    '## Latency: median and 99th percentile, in µs',
    table(results, (cell) => `${micros(cell.p50Micros)} / ${micros(cell.p99Micros)}`),
    '## Peak memory of the client, in MiB, and spread of CPU time between rounds',
    table(
      results,
      (cell) => `${mebibytes(cell.peakRssBytes)}, ±${Math.round(cell.cpuSpread * 50)} %`,
    ),
    ...parts.flatMap((part) => [`## ${part.title}`, part.meaning, partTable(part)]),
  ]
    .join('\n\n')
    .concat('\n');
}

function table(results: Results, show: (cell: Cell, ours: Cell | undefined) => string): string {
  const ours = results.drivers[0]?.id ?? '';
  const head = ['workload', 'connections', ...results.drivers.map(({ label }) => label)];
  const lines = casesOf(results).map(({ workload, connections }) => [
    workload,
    String(connections),
    ...results.drivers.map(({ id }) => {
      const cell = findCell(results, workload, connections, id);
      const own = id === ours ? undefined : findCell(results, workload, connections, ours);
      return cell === undefined ? '–' : show(cell, own);
    }),
  ]);
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function ratio(theirs: number, ours: number | undefined): string {
  return ours === undefined ? '' : ` (${(theirs / ours).toFixed(2)})`;
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
