import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What a program does, without what it imports. */
function bodyOf(name: string): string {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text.slice(text.indexOf("from './schema.ts';"));
}

test('a program for node-postgres is the same on asyncpg/drizzle, which npm run check:types compiles', () => {
  expect(bodyOf('on-asyncpg.test-d.ts')).toBe(bodyOf('on-node-postgres.test-d.ts'));
  expect(bodyOf('on-asyncpg.test-d.ts').length).toBeGreaterThan(1_000);
});
