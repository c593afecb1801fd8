// A program that imports one small part of the package is bundled without the rest. A part of `npm run check:package`.
import { bundle, sizeOf } from './bundle.ts';

/** Programs of one import, and what each may weigh, minified, in bytes. */
const BOUNDS: Readonly<Record<string, number>> = {
  camelCase: 21_000,
  sql: 21_000,
  UniqueViolationError: 21_000,
  Range: 29_000,
};

for (const [name, bound] of Object.entries(BOUNDS)) {
  const chunks = await bundle(`import { ${name} } from 'asyncpg'; console.log(${name});`);
  const { bytes } = sizeOf(chunks);
  const files = chunks.map(({ fileName }) => fileName).join(', ');
  if (bytes <= bound) continue;
  console.error(`a program of ${name} alone weighs ${bytes} bytes, not ${bound}: ${files}`);
  process.exitCode = 1;
}
