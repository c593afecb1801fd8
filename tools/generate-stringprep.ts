/**
 * Writes src/protocol/generated/stringprep.ts: the tables of RFC 3454 that SASLprep needs and
 * that are too long to be written by hand. Their source is Python's `stringprep` module, which
 * carries the Unicode 3.2 data that the RFC is defined on.
 *
 *     npm run generate:stringprep              writes the file
 *     npm run generate:stringprep -- --check   fails when the file is not what it would be
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TARGET = fileURLToPath(new URL('../src/protocol/generated/stringprep.ts', import.meta.url));

const TABLES = [
  {
    constant: 'UNASSIGNED',
    table: 'in_table_a1',
    comment: 'Table A.1: code points that Unicode 3.2 has not assigned.',
  },
  {
    constant: 'RIGHT_TO_LEFT',
    table: 'in_table_d1',
    comment: 'Table D.1: characters of bidirectional category "R" or "AL".',
  },
  {
    constant: 'LEFT_TO_RIGHT',
    table: 'in_table_d2',
    comment: 'Table D.2: characters of bidirectional category "L".',
  },
] as const;

/** One line per table, the code points of which it holds as `first last first last …`. */
const PYTHON = `
import stringprep
for table in (${TABLES.map(({ table }) => `stringprep.${table}`).join(', ')}):
    ranges, first = [], None
    for code in range(0x110001):
        inside = code < 0x110000 and table(chr(code))
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            ranges += [first, code - 1]
            first = None
    print(*ranges)
`;

const LINE = 96;

/** Distances between neighbouring bounds in base 36: a fifth of the size of the numbers. */
function packed(bounds: readonly number[]): string {
  let previous = 0;
  const words = bounds.map((bound) => {
    const distance = bound - previous;
    previous = bound;
    return distance.toString(36);
  });
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line.length + word.length + 1 > LINE - 4) {
      lines.push(line);
      line = '';
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines.map((text) => `  '${text}'`).join(' +\n');
}

const output = execFileSync('python3', ['-c', PYTHON], { encoding: 'utf8' }).trim().split('\n');
let source = `// Written by tools/generate-stringprep.ts. Do not edit.

/**
 * Ranges of code points: first, last, first, last …, each as its distance from the number
 * before it, in base 36.
 */
type PackedRanges = string;
`;
for (const [index, { constant, comment }] of TABLES.entries()) {
  const bounds = (output[index] ?? '').split(' ').map(Number);
  source += `\n/** ${comment} */\nexport const ${constant}: PackedRanges =\n${packed(bounds)};\n`;
}

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== source) {
    console.error(`${TARGET} is out of date: npm run generate:stringprep writes it`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, source);
}
