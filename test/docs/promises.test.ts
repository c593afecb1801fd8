import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Promised {
  readonly promise: string;
  readonly proofs: { readonly file: string; readonly title: string }[];
}

/** The bold beginnings of paragraphs, each with the tests in the list behind it. */
function promises(): Promised[] {
  const found: Promised[] = [];
  for (const line of readFileSync(join(root, 'docs/promises.md'), 'utf8').split('\n')) {
    if (line.startsWith('**')) found.push({ promise: line, proofs: [] });
    if (!line.startsWith('- ')) continue;
    const [, file, title] = /^- `([^`]+)`: “([^”]+)”$/.exec(line) ?? [];
    if (file === undefined || title === undefined) throw new Error(`this is no proof: ${line}`);
    found.at(-1)!.proofs.push({ file, title });
  }
  return found;
}

/** Lines that begin with a string, or a call with one: titles stand on such lines. */
const TITLED = /^\s*(?:[^'"`]*\(\s*)?['"`]/;

function hasTitle(file: string, title: string): boolean {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.some((line) => TITLED.test(line) && line.includes(title));
}

test('every promise of docs/promises.md names tests that are there', () => {
  const all = promises();
  expect(all.length).toBeGreaterThan(30);
  for (const { promise, proofs } of all) {
    expect(proofs.length, promise).toBeGreaterThan(0);
    for (const { file, title } of proofs) {
      expect(existsSync(join(root, file)), file).toBe(true);
      expect(hasTitle(file, title), `${file}: ${title}`).toBe(true);
    }
  }
});
