// What programs that use the package weigh once bundled and minified, as they would be deployed:
// what is there from the start, and what is loaded by a dynamic import() only if it is needed. Beside
// it, what pg and postgres.js weigh. Run with `npm run size`; it bundles dist/, as users do.
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { root } from './entries.ts';

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

interface Size {
  readonly bytes: number;
  readonly gzipped: number;
}

function sizeOf(chunks: readonly OutputChunk[]): Size {
  let bytes = 0;
  let gzipped = 0;
  for (const { code } of chunks) {
    bytes += Buffer.byteLength(code);
    gzipped += gzipSync(code).length;
  }
  return { bytes, gzipped };
}

async function bundle(code: string): Promise<OutputChunk[]> {
  const entry = '\0program';
  const build = await rolldown({
    cwd: root,
    input: entry,
    platform: 'node',
    // Its paths would lead to src/.
    tsconfig: false,
    plugins: [
      {
        name: 'program',
        resolveId(id, importer) {
          if (id === entry) return id;
          // As if the program were a file of this checkout.
          return importer === entry ? this.resolve(id, import.meta.filename) : null;
        },
        load: (id) => (id === entry ? { code, moduleType: 'js' } : null),
      },
    ],
    logLevel: 'silent',
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  return output.filter((chunk) => chunk.type === 'chunk');
}

/** The chunks that are loaded with the entry: it, and what it and they import. */
function fromTheStart(chunks: readonly OutputChunk[]): OutputChunk[] {
  const found = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of found) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) found.add(chunk);
  }
  return [...found];
}

const kilo = ({ bytes, gzipped }: Size): string =>
  `${(bytes / 1000).toFixed(1)} kB (${(gzipped / 1000).toFixed(1)} gzipped)`;

for (const [name, code] of Object.entries(PROGRAMS)) {
  const chunks = await bundle(code);
  const first = fromTheStart(chunks);
  const later = chunks.filter((chunk) => !first.includes(chunk));
  const rest = later.length === 0 ? '' : `, when needed ${kilo(sizeOf(later))}`;
  console.log(`${name}: ${kilo(sizeOf(first))}${rest}`);
}
