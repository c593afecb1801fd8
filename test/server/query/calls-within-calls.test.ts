/** What a value's own code does to its connection while the value is being encoded. */
import { expect, it } from 'vitest';
import { type Connection, ConnectionDoesNotExistError } from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';

/** A value for a jsonb parameter that does something when it is read. */
const reading = (whatToDo: () => void) => ({
  toJSON() {
    whatToDo();
    return { read: true };
  },
});
const QUERY = 'SELECT $1::jsonb';

describeEach('a call made while another is written', (version) => {
  const inner: [string, (c: Connection) => Promise<unknown>][] = [
    ['fetchVal', (c) => c.fetchVal('SELECT 5')],
    ['batch', async (c) => (await c.batch(['SELECT 5 AS v']))[0]!.rows[0]!['v']],
    ['transaction', (c) => c.transaction((tx) => tx.fetchVal('SELECT 5'))],
    ['stream', async (c) => (await collect(c.stream('SELECT 5 AS v')))[0]!['v']],
  ];

  it.each(inner)('comes after it: %s', async (_name, call) => {
    const c = await open(version);
    // Prepared by then, and not.
    for (let round = 0; round < 3; round++) {
      let called: Promise<unknown> | undefined;
      const value = reading(() => {
        called ??= call(c);
      });
      expect(await c.fetchVal(QUERY, value)).toEqual({ read: true });
      expect(await called).toBe(5);
      called = undefined;
      const [first, second] = await c.batch([{ text: QUERY, args: [value] }, 'SELECT 7 AS v']);
      expect([first!.tag, second!.rows[0]!['v']]).toEqual(['SELECT 1', 7]);
      expect(await called).toBe(5);
    }
  });

  it('comes after it: from the iterable of executeMany', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMP TABLE t (a int4)');
    for (let round = 0; round < 2; round++) {
      const called: Promise<unknown>[] = [];
      const sets = function* () {
        for (let i = 0; i < 3; i++) {
          called.push(c.fetchVal('SELECT $1::int4', i));
          yield [i];
        }
      };
      await c.executeMany('INSERT INTO t VALUES ($1)', sets());
      expect(await Promise.all(called)).toEqual([0, 1, 2]);
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(6n);
  });

  it('that ends the connection ends the call too', async () => {
    const c = await open(version);
    await c.fetchVal(QUERY, {});
    const error = await failure(
      c.fetchVal(
        QUERY,
        reading(() => c.terminate()),
      ),
    );
    expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
  });
});
