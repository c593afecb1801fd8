import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/index.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { over } from './conversation.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a result of ever other columns', () => {
  test('is not kept when it is over, however many there are and however long their names', async () => {
    const results = (text: string) => ({
      columns: Array.from(
        { length: 10 },
        (_, i) => [`${text} ${i} ${'x'.repeat(40_000)}`, 23] as const,
      ),
      rows: [Array.from({ length: 10 }, () => null)],
    });
    const connection = await connect(
      over(new PuppetStream({ results }), { statementCacheSize: 0, maxCacheableStatementSize: 1 }),
    );
    const fetch = async (count: number, name: string): Promise<number> => {
      for (let i = 0; i < count; i++) await connection.fetch(`select ${name} ${i}`);
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    // As many as the connection knows the columns of.
    const before = await fetch(110, 'first');
    const after = await fetch(60, 'then');
    // Their names alone are 24 MB.
    expect(after - before).toBeLessThan(12 * 1024 * 1024);
    await connection.close();
  });
});
