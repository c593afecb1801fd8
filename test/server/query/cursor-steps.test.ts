/** Cursors: the order of their steps, and what their portals are when they are opened. */
import { expect, it } from 'vitest';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { NUMBERS, range } from '../../support/numbers.ts';

describeEach('cursors', (version) => {
  for (const options of [{}, { statementCacheSize: 0 }]) {
    const mode = 'statementCacheSize' in options ? 'unnamed' : 'named';

    it(`do what is asked of them in the order of the calls, over a ${mode} statement`, async () => {
      const c = await open(version, options);
      await c.transaction(async (tx) => {
        const ahead = c.cursor(NUMBERS, 12);
        const mixed = [
          ahead.forward(2),
          ahead.fetch(2),
          ahead.forward(1),
          ahead.fetchRow(),
          ahead.forward(1),
          ahead.fetch(9),
          ahead.fetchRow(),
        ];
        expect(await Promise.all(mixed)).toEqual([
          2,
          range(3, 4),
          1,
          { a: 6 },
          1,
          range(8, 12),
          null,
        ]);

        // It is not open yet when `forward` is called.
        const behind = c.cursor(NUMBERS, 6);
        const steps = [behind.fetch(1), behind.fetchRow(), behind.forward(2), behind.fetch(5)];
        expect(await Promise.all(steps)).toEqual([range(1, 1), { a: 2 }, 2, range(5, 6)]);

        const looped = c.cursor(NUMBERS, 6);
        const skipping = looped.forward(4);
        expect(await collect(looped)).toEqual(range(5, 6));
        expect(await skipping).toBe(4);

        const wrong = c.cursor(NUMBERS, 'six');
        const calls = [wrong.forward(1), wrong.fetch(1), wrong.close()];
        const outcomes = await Promise.allSettled(calls);
        expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
        expect(await tx.fetchVal('SELECT 7')).toBe(7);
      });
    });
  }

  for (const options of [{}, { statementCacheSize: 0 }]) {
    const mode = 'statementCacheSize' in options ? 'unnamed' : 'named';

    it(`go forward in what has no rows, over a ${mode} statement, which is executed once`, async () => {
      const c = await open(version, options);
      await c.execute('CREATE TEMP TABLE made (a int4)');
      await c.transaction(async (tx) => {
        const insert = c.cursor('INSERT INTO made VALUES ($1)', 1);
        expect(await insert.forward(2)).toBe(0);
        expect(await insert.fetch(2)).toEqual([]);
        expect(await insert.forward(2)).toBe(0);
        expect(await c.cursor('-- nothing').forward(1)).toBe(0);
        expect(await tx.fetchVal('SELECT count(*) FROM made')).toBe(1n);
      });
    });
  }

  it('free their portal when closed right behind the call that opens them', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      const isOpen = () =>
        tx.fetchVal("SELECT count(*) > 0 FROM pg_cursors WHERE name LIKE 'asyncpg%'");
      for (const call of ['fetch', 'forward'] as const) {
        const cursor = c.cursor(NUMBERS, 1000);
        const opening = cursor[call](1);
        await cursor.close();
        expect(await opening).toEqual(call === 'fetch' ? range(1, 1) : 1);
        expect(await isOpen()).toBe(false);
      }
    });
  });

  it('give no rows and no end when their query could not be planned', async () => {
    const c = await open(version);
    const outcomesOf = async (together: boolean): Promise<unknown[]> => {
      let outcomes: unknown[] = [];
      await failure(
        c.transaction(async () => {
          const cursor = c.cursor('SELECT 1 / 0');
          const calls = [
            () => cursor.fetch(1),
            () => cursor.fetch(1),
            () => cursor.fetchRow(),
            () => collect(cursor),
          ];
          const settled = [];
          for (const call of calls) {
            const settling = Promise.allSettled([call()]);
            settled.push(together ? settling : await settling);
          }
          outcomes = (await Promise.all(settled)).flat();
        }),
      );
      return outcomes;
    };
    for (const together of [false, true]) {
      expect(await outcomesOf(together)).toMatchObject([
        { reason: { sqlstate: '22012' } },
        { reason: { sqlstate: '25P02' } },
        { reason: { sqlstate: '25P02' } },
        { reason: { sqlstate: '25P02' } },
      ]);
    }
  });
});
