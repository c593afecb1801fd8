// The figures of the serverless guide on sizes, as `npm run size -- --update` writes them from tools/size.json.

const BEGIN = '<!-- sizes:begin -->';
const END = '<!-- sizes:end -->';

/** What the guide calls the programs of size.ts. */
const PROGRAMS = {
  'makes SQL, and never connects': 'sql alone',
  'tells errors apart, and never connects': 'one error class',
  'has one connection': 'connect and query',
  'has a pool': 'pool',
} as const;

export type Figures = Readonly<Record<string, number>>;

/** The text of the guide with these figures between its marks. */
export function withSizes(guide: string, figures: Figures): string {
  const begin = guide.indexOf(BEGIN);
  const end = guide.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the guide has no ${BEGIN} … ${END}`);
  return `${guide.slice(0, begin + BEGIN.length)}\n\n${sizeTable(figures)}\n\n${guide.slice(end)}`;
}

/** Programs by their size, and what installing and compiling costs. */
function sizeTable(figures: Figures): string {
  const kilobytes = (name: string): string => {
    const bytes = figures[name];
    return bytes === undefined ? '–' : `${Math.round(bytes / 1000)} kB`;
  };
  const rows = Object.entries(PROGRAMS).map(([title, name]) => [
    title,
    kilobytes(`${name}, bytes`),
    kilobytes(`${name}, bytes gzipped`),
    kilobytes(`${name}, bytes when needed`),
  ]);
  const table = aligned([['A program that', 'from the start', 'gzipped', 'when needed'], ...rows]);
  const installed = (figures['install, bytes']! / 1e6).toFixed(1);
  const packed = (figures['install, bytes packed']! / 1e6).toFixed(1);
  const files = figures['install, files']!.toLocaleString('en');
  return [
    table,
    '',
    'Bundled and minified. “When needed” is what a dynamic `import()` loads: logins by password, TLS, the pool, COPY, batches, streams, arrays, times, JSON, rare types.',
    `\`npm install\` brings ${files} files of ${installed} MB (${packed} MB packed), sources and these pages among them, and no other package.`,
    `Importing \`asyncpg\` costs a run of TypeScript 7 ${figures['types, how many']} types and ${(figures['types, kB of memory']! / 1000).toFixed(0)} MB.`,
  ].join('\n');
}

/** A table of Markdown as the formatter of these pages writes it: figures to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(rows[0]!), line(rule), ...rows.slice(1).map(line)].join('\n');
}
