import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/index.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { over } from './conversation.ts';

const PROGRAM = fileURLToPath(new URL('../support/programs/run-decoder-bombs.ts', import.meta.url));

/** Those that are values after all, however large they look when they are printed. */
const VALUES: Readonly<Record<string, string>> = {
  'an array whose lower bound is the last': 'a value of int4[], 2 long',
  'a numeric of the weight 32,767 without digits': 'a value of numeric',
  'the greatest power of ten': 'a value of numeric',
  'fifty thousand of the greatest powers of ten': 'a value of numeric[], 50000 long',
  'a tsquery of 50,000 negations': 'a value of tsquery',
  'a tsquery of 50,000 phrases in phrases': 'a value of tsquery',
  'a jsonb of 200,000 arrays in each other': 'a value of jsonb, 1 long',
};

let outcomes: Readonly<Record<string, string>>;

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=128',
    '--disable-warning=ExperimentalWarning',
    PROGRAM,
  ]);
  outcomes = JSON.parse(stdout) as Record<string, string>;
});

describe('a value that announces or becomes more than it is', () => {
  test('is decoded or refused in a heap of 128 MiB', () => {
    expect(Object.keys(outcomes).length).toBeGreaterThan(30);
    for (const [bomb, outcome] of Object.entries(outcomes)) {
      expect(outcome, bomb).toBe(VALUES[bomb] ?? 'DecodeError');
    }
  });

  test('fails its query alone', async () => {
    // An array of 2^31 - 1 elements, of which one comes.
    const bomb = Buffer.from('000000010000000000000017 7fffffff 00000001 0000000400000007', 'hex');
    const stream = new PuppetStream({
      results: {
        'select bomb': { columns: [['bomb', 1007]], rows: [[bomb]] },
        'select fine': { columns: [['one', 23]], rows: [[Buffer.alloc(4)]] },
      },
    });
    const connection = await connect(over(stream));
    await expect(connection.fetch('select bomb')).rejects.toMatchObject({ name: 'DecodeError' });
    expect(await connection.fetchVal('select fine')).toBe(0);
    await connection.close();
  });
});
