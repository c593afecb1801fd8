import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { casesOf, findCell, kindOf, type Results } from '../results.ts';
import { geometricMean } from '../statistics.ts';
import { UNTARGETED } from '../targets.ts';
import { type Part, partTable } from './part.ts';

/** The pages that show figures, between two comments: README.md a short summary. */
const README = new URL('../../README.md', import.meta.url);
const PERFORMANCE = new URL('../../docs/guides/performance.md', import.meta.url);
/** Pages that show a part of the report, by its id. */
const PART_PAGES: Readonly<Record<string, URL>> = {
  replication: new URL('../../docs/guides/replication.md', import.meta.url),
};
/** What the short one shows. */
const SHORT: ReadonlySet<string> = new Set([
  'point_lookup',
  'pool_many',
  'transaction',
  'mixed_types',
  'batch',
  'copyfrom',
  'copyto',
  'connect',
]);
/** The number of connections that is shown; workloads of pools have their own. */
const CONNECTIONS = 10;
/** What is no driver that a program would use, and stands last, in µs. */
const FLOORS: Readonly<Record<string, string>> = {
  pgbench: "what PostgreSQL's own client in C needs, which leaves results as text",
  floor: 'what the same bytes cost over a bare socket with nothing decoded',
};

/** Puts the figures in the place of the last ones in all pages. */
export async function updateSummaries(results: Results, parts: readonly Part[]): Promise<void> {
  await replace(README, 'benchmark', shortSummaryOf(results));
  await replace(PERFORMANCE, 'benchmark', summaryOf(results));
  for (const part of parts) {
    const page = PART_PAGES[part.id];
    if (page !== undefined) await replace(page, part.id, partTable(part));
  }
  const sections = parts
    .filter(({ id }) => PART_PAGES[id] === undefined)
    .map((part) => [`### ${part.title}`, part.meaning, partTable(part)].join('\n\n'));
  await replace(PERFORMANCE, 'parts', sections.join('\n\n'));
  const pages = [README, PERFORMANCE, ...Object.values(PART_PAGES)];
  execFileSync('biome', ['format', '--write', ...pages.map((page) => fileURLToPath(page))]);
}

async function replace(page: URL, place: string, content: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const [begin, end] = [`<!-- ${place}:begin -->\n`, `\n<!-- ${place}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${page.pathname} has no place for ${place}`);
  await writeFile(page, `${text.slice(0, from)}${begin}\n${content}\n${text.slice(to)}`);
}

/** Nothing but the drivers, some of the workloads, and the mean of all. */
function shortSummaryOf(results: Results): string {
  const whole = summaryOf(results, false).split('\n\n');
  const lines = whole[1]!.split('\n');
  const shown = lines.filter((line, at) => {
    const name = line.slice(2).split(' |', 1)[0]!;
    return at < 2 || SHORT.has(name) || name === 'geometric mean';
  });
  // Without the heading, its rule, the mean itself and what is left out of it.
  const count = lines.length - 3 - UNTARGETED.size;
  return [
    `CPU time of the client for one operation at ${CONNECTIONS} connections: this library's in microseconds, the
others' as multiples of it. The mean is that of ${count} workloads, all of which are in
[Performance](docs/guides/performance.md), with what they do and where others win.`,
    shown.join('\n'),
    `${whole[2]!.split('. Medians')[0]}.`,
  ].join('\n\n');
}

/**
 * Client CPU at ten connections: ours in µs, the others' as multiples of it, in the order of the
 * results.
 */
function summaryOf(results: Results, hasFloors = true): string {
  const [ours, ...others] = results.drivers.filter(({ id }) => !(kindOf(id) in FLOORS));
  const floors = hasFloors ? results.drivers.filter(({ id }) => kindOf(id) in FLOORS) : [];
  if (ours === undefined) throw new Error('nothing was measured');
  const ratios = others.map((): number[] => []);
  const lines: string[][] = [];
  for (const { workload, connections } of casesOf(results)) {
    const isPool = connections !== 1 && connections !== CONNECTIONS;
    if (connections !== CONNECTIONS && !isPool) continue;
    const cpu = (id: string) => findCell(results, workload, connections, id)?.cpuMicros;
    const own = cpu(ours.id)!;
    lines.push([
      workload,
      micros(own),
      ...others.map(({ id }, i) => {
        const theirs = cpu(id);
        if (theirs === undefined) return '–';
        if (!UNTARGETED.has(workload)) ratios[i]!.push(theirs / own);
        return `${(theirs / own).toFixed(2)} ×`;
      }),
      ...floors.map(({ id }) => {
        const floor = cpu(id);
        return floor === undefined ? '–' : micros(floor);
      }),
    ]);
  }
  lines.push([
    'geometric mean',
    '',
    ...ratios.map((all) => `**${geometricMean(all).toFixed(2)} ×**`),
    ...floors.map(() => ''),
  ]);
  const head = [
    '',
    `${ours.label}, µs`,
    ...others.map(({ label }) => label),
    ...floors.map(({ label }) => `${label}, µs`),
  ];
  const meanings = floors.map(({ id }) => FLOORS[kindOf(id)]);
  const last = meanings.length === 0 ? '' : `; last,\n${meanings.join(', and\n')}`;
  const named = [...others, ...floors.filter(({ id }) => kindOf(id) !== 'floor')]
    .map(({ label, version }) => `${label} ${version}`)
    .join(', ');
  return [
    `CPU time of the client for one operation at ${CONNECTIONS} connections (\`pool_many\`: 200 callers over 4),
user and system: this library's in microseconds, the others' as multiples of it${last}. The mean
is that of all but ${[...UNTARGETED].join(', ')}, nearly all of which is the runtime's own handshake.`,
    table([head, ...lines]),
    `${named}; ${results.server}, ${results.machine}, ${results.date.slice(0, 10)}. Medians of
${results.rounds} alternating rounds of \`npm run bench\`. The whole report, with one connection, latencies, throughput
and memory, is in \`bench/results/latest.md\` and \`latest.html\`; what grows with what in \`growth.md\`.`,
  ].join('\n\n');
}

function table([head = [], ...lines]: readonly (readonly string[])[]): string {
  const rows = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function micros(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}
