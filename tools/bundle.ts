// Bundles a program as its user would who deploys it.
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { root } from './entries.ts';

/** What code weighs. */
export interface Size {
  readonly bytes: number;
  readonly gzipped: number;
}

/** What chunks weigh together. */
export function sizeOf(chunks: readonly OutputChunk[]): Size {
  let bytes = 0;
  let gzipped = 0;
  for (const { code } of chunks) {
    bytes += Buffer.byteLength(code);
    gzipped += gzipSync(code).length;
  }
  return { bytes, gzipped };
}

/** The chunks of a program, an ES module that imports from `asyncpg`: bundled from dist/, and minified. */
export async function bundle(code: string): Promise<OutputChunk[]> {
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
export function fromTheStart(chunks: readonly OutputChunk[]): OutputChunk[] {
  const found = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of found) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) found.add(chunk);
  }
  return [...found];
}
