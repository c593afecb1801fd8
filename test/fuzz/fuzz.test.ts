/** A short campaign against every target; `npm run fuzz` is the long one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libpqLibrary } from './libpq.ts';
import { fuzz, type Target } from './target.ts';
import { allTargets } from './targets.ts';

/** How many inputs each gets; those that ask another process or make whole sessions get fewer. */
const RUNS = 2_000;
const SLOW_RUNS: Readonly<Record<string, number>> = {
  'dsn-uri-like-libpq': 400,
  'dsn-keywords-like-libpq': 400,
  'passfile-like-libpq': 200,
  'service-file-like-libpq': 200,
  sessions: 40,
};

const NAMES = [
  'framer',
  'server-messages',
  'client-messages',
  'binary-values',
  'text-values',
  'both-forms',
  'binary-copy',
  'rows',
  'pgoutput-messages',
  'pgoutput-stream',
  'pgoutput-tuples',
  'dsn',
  'passfile',
  'service-file',
  'placeholders',
  'sql-lexer',
  'sql-scanner',
  'sql-tag',
  'statement-kind',
  'quoting',
  'scram-first',
  'scram-last',
  'saslprep',
  'sessions',
] as const;
const COMPARED = Object.keys(SLOW_RUNS).filter((name) => name.endsWith('-like-libpq'));

let all: Awaited<ReturnType<typeof allTargets>>;
beforeAll(async () => {
  all = await allTargets();
});
afterAll(() => all.stop());

async function check(name: string): Promise<void> {
  const target: Target = all.targets.find((one) => one.name === name)!;
  const { executions, failure } = await fuzz(target, { seed: 1, runs: SLOW_RUNS[name] ?? RUNS });
  expect(failure?.report ?? null).toBeNull();
  expect(executions).toBe(SLOW_RUNS[name] ?? RUNS);
}

describe('any input at all', () => {
  test('is given to every target', () => {
    const compared = libpqLibrary === null ? [] : COMPARED;
    expect(all.targets.map(({ name }) => name).sort()).toEqual([...NAMES, ...compared].sort());
  });

  test.for(NAMES)('is dealt with as promised: %s', check);
});

describe.skipIf(libpqLibrary === null)('a configuration', () => {
  test.for(COMPARED)('means what it means to libpq: %s', check);
});
