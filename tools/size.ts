// What programs that use the package weigh once bundled and minified, as they would be deployed:
// what is there from the start, and what is loaded by a dynamic import() only if it is needed. Beside
// it, what pg and postgres.js weigh; what an installation weighs; and what the types cost a compiler. Run with
// `npm run size`; it bundles dist/, as users do. Beside each figure stands that of `size.json`, from the commit
// that wrote it last, with `npm run size -- --update`, which writes those of the serverless
// guide as well. In GitHub's workflow the table goes into the job's summary.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle, fromTheStart, sizeOf } from './bundle.ts';
import { root } from './entries.ts';
import { withSizes } from './size-table.ts';

const BASELINE = path.join(root, 'tools/size.json');
/** It has these figures in its text. */
const GUIDE = path.join(root, 'docs/guides/serverless.md');
/** A time is the median of so many. */
const TYPE_ROUNDS = 9;

const PROGRAMS: Readonly<Record<string, string>> = {
  'connect and query': `
    import { connect } from 'asyncpg';
    const connection = await connect(process.env.DSN);
    console.log(await connection.fetchRow('SELECT $1::int4 + 1 AS next', 41));
    await connection.close();`,
  pool: `
    import { createPool } from 'asyncpg';
    const pool = await createPool(process.env.DSN);
    console.log(await pool.fetchRow('SELECT $1::int4 + 1 AS next', 41));
    await pool.close();`,
  'sql alone': `import { sql } from 'asyncpg'; console.log(sql\`SELECT \${1}\`);`,
  'one error class': `import { UniqueViolationError } from 'asyncpg'; console.log(UniqueViolationError);`,
  Range: `import { Range } from 'asyncpg'; console.log(Range);`,
  everything: `import * as asyncpg from 'asyncpg'; console.log(asyncpg);`,
  pg: `import pg from 'pg'; console.log(pg.Client);`,
  postgres: `import postgres from 'postgres'; console.log(postgres);`,
};

/** What the compiler needs for a program of one import, beside one of none: the best of some rounds. */
function typeCheck(): Record<string, number> {
  const folder = path.join(root, 'node_modules/.cache/asyncpg/size');
  mkdirSync(folder, { recursive: true });
  const compilerOptions = {
    ...{ target: 'es2023', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true },
    ...{ lib: ['es2023', 'esnext.disposable'], types: ['node'] },
    paths: { asyncpg: [path.join(root, 'dist/index.d.ts')] },
  };
  const measured = (program: string): { seconds: number; types: number; kilobytes: number } => {
    writeFileSync(path.join(folder, 'program.ts'), program);
    const files = ['program.ts'];
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = spawnSync('tsc', ['-p', folder, '--extendedDiagnostics'], { encoding: 'utf8' });
    const figure = (name: string): number => {
      const found = new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(tsc.stdout)?.[1];
      if (tsc.status !== 0 || found === undefined) throw new Error(tsc.stdout + tsc.stderr);
      return Number(found);
    };
    // All of it: reading the declarations takes longer than checking them.
    return {
      seconds: figure('Total time'),
      types: figure('Types'),
      kilobytes: figure('Memory used'),
    };
  };
  // By turns, as others use the machine: the two of a round have about as much of it.
  const rounds = Array.from({ length: TYPE_ROUNDS }, () => ({
    without: measured('export const text = process.argv[2];'),
    used: measured(`import { createPool, sql } from 'asyncpg';
      const pool = await createPool();
      for (const { id } of await pool.fetch<{ id: bigint }>(sql\`SELECT 1 AS id\`)) console.log(id);`),
  }));
  const differences = rounds.map((round) => round.used.seconds - round.without.seconds);
  const median = differences.toSorted((a, b) => a - b)[TYPE_ROUNDS >> 1]!;
  const [{ without, used }] = rounds as [(typeof rounds)[number]];
  return {
    'types, ms': Math.max(0, Math.round(1000 * median)),
    'types, how many': used.types - without.types,
    'types, kB of memory': used.kilobytes - without.kilobytes,
  };
}

/** What `npm install` brings. */
function installed(): Record<string, number> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  interface Packed {
    readonly entryCount: number;
    readonly size: number;
    readonly unpackedSize: number;
  }
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  return {
    'install, files': packed!.entryCount,
    'install, bytes': packed!.unpackedSize,
    'install, bytes packed': packed!.size,
  };
}

async function bundled(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, code] of Object.entries(PROGRAMS)) {
    const chunks = await bundle(code);
    const first = fromTheStart(chunks);
    const later = sizeOf(chunks.filter((chunk) => !first.includes(chunk)));
    const start = sizeOf(first);
    figures[`${name}, bytes`] = start.bytes;
    figures[`${name}, bytes gzipped`] = start.gzipped;
    if (later.bytes > 0) figures[`${name}, bytes when needed`] = later.bytes;
  }
  return figures;
}

function table(figures: Readonly<Record<string, number>>, before: typeof figures): string {
  const format = (value: number | undefined): string => value?.toLocaleString('en') ?? '\u2013';
  const rows = Object.entries(figures).map(([name, value]) => {
    const last = before[name];
    const change = last ? `${(100 * (value / last - 1)).toFixed(1)} %` : '';
    return `| ${name} | ${format(last)} | ${format(value)} | ${change} |`;
  });
  return ['| | before | now | change |', '| - | -: | -: | -: |', ...rows].join('\n');
}

const before = JSON.parse(readFileSync(BASELINE, 'utf8')) as Record<string, number>;
const figures = { ...(await bundled()), ...installed(), ...typeCheck() };
const text = table(figures, before);
console.log(text);
const summary = process.env['GITHUB_STEP_SUMMARY'];
if (summary !== undefined) appendFileSync(summary, `## Size and types\n\n${text}\n`);
if (process.argv.includes('--update')) {
  writeFileSync(BASELINE, `${JSON.stringify(figures, null, 2)}\n`);
  writeFileSync(GUIDE, withSizes(readFileSync(GUIDE, 'utf8'), figures));
}
