import { expect, it } from 'vitest';
import {
  type Connection,
  createPool,
  InterfaceError,
  sql,
  type Transaction,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

describeEach('the stack of an error', (version) => {
  /** The function of the caller's own that the stack must show. */
  const shows = (error: Error, name: string): void => {
    expect(error.stack).toMatch(new RegExp(`at .*\\b${name}\\b.*caller-stack\\.test\\.ts:\\d+`));
    expect(error.stack!.startsWith(`${error.name}: ${error.message.split('\n')[0]}`)).toBe(true);
  };

  it('has the line of the caller for every kind of call', async () => {
    const c = await open(version);
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 2 });
    const statement = await c.prepare('SELECT 1 / $1::int4');
    const bad = 'SELECT 1/0';
    const calls: (() => Promise<unknown>)[] = [
      () => c.fetch(bad),
      () => c.fetchRow(bad),
      () => c.fetchVal(bad),
      () => c.execute(bad),
      () => c.execute('SELECT 1 / $1::int4', 0),
      () => c.fetch('SELECT $1::int4', 'x'),
      () => c.fetch('SELECT $1::int4'),
      () => c.fetch(null as never),
      () => c.executeMany('SELECT 1 / $1::int4', [[0]]),
      () => c.fetchMany('SELECT 1 / $1::int4', [[0]]),
      () => c.batch([bad]),
      () => c.prepare('SELEC'),
      () => c.stream(bad).next(),
      () => collect(c.stream(bad)),
      () => statement.fetch(0),
      () => statement.executeMany([[0]]),
      () => c.cursor(bad).fetch(1),
      () => c.fetch({ text: 'SELECT pg_sleep(9)', timeout: 10 }),
      () => c.copyFromQuery(bad, { output: () => {} }),
      () => c.copyToTable('nowhere', { source: [''] }),
      () => c.addListener('', () => {}),
      () => c.notify(''),
      () => c.setTypeCodec('nothing', { encoder: String, decoder: String }),
      () => pool.fetch(bad),
      () => pool.execute(bad),
      () => pool.transaction((tx) => tx.fetch(bad)),
      () => pool.withConnection((lent) => lent.fetch(bad)),
      () => pool.listen('', () => {}),
      () => pool.acquire({ timeout: 0 }),
      async () => {
        await using tx = await c.begin();
        const savepoint = await tx.savepoint('a');
        await tx.execute('RELEASE a');
        await savepoint.rollback();
      },
      async () => {
        await using tx = await c.begin();
        const savepoint = await tx.savepoint();
        await savepoint.release();
        await savepoint.release();
      },
      async () => {
        const other = await open(version);
        other.fetch('SELECT pg_sleep(60)').catch(() => {});
        await other.close({ timeout: 10 });
      },
    ];
    for (const call of calls) {
      const error = await (async function myOwnFunction() {
        await call();
      })().then(
        () => new Error('expected a rejection'),
        (thrown: Error) => thrown,
      );
      shows(error, 'myOwnFunction');
    }
  });

  it('shows the inner call, not the transaction around it', async () => {
    const c = await open(version);
    async function innermost() {
      await c.fetchVal('SELECT 1');
      await c.fetch('SELECT 1/0');
    }
    const error = await failure(c.transaction(() => innermost()));
    shows(error, 'innermost');
    const nested = await failure(c.transaction((tx) => tx.transaction(() => innermost())));
    shows(nested, 'innermost');
  });

  it('shows the line that an error was thrown at inside the function of a call', async () => {
    const c = await open(version);
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const wrong: Record<string, (on: Transaction | Connection) => unknown> = {
      list: () => sql`SELECT ${sql.join([])}`,
      stream: (on) => on.stream(null as never),
      cursor: (on) => on.cursor(null as never),
      own: () => {
        throw new InterfaceError('mine');
      },
    };
    for (const [name, work] of Object.entries(wrong)) {
      async function innermost(on: Transaction | Connection) {
        await on.fetchVal('SELECT 1');
        await work(on);
        expect.unreachable(name);
      }
      const calls = [
        () => c.transaction((tx) => innermost(tx)),
        () => pool.transaction((tx) => innermost(tx)),
        () => pool.transaction((tx) => tx.transaction((inner) => innermost(inner))),
        () => pool.withConnection((lent) => innermost(lent)),
        () => pool.withConnection((lent) => lent.transaction((tx) => innermost(tx))),
        async () => {
          const setup = (lent: Connection) => innermost(lent);
          await using own = await createPool(serverDsn(version), { minSize: 0, setup });
          await own.acquire();
        },
      ];
      for (const call of calls) shows(await failure(call()), 'innermost');
    }
  });

  it('has it through catch, then, Promise.all and allSettled', async () => {
    const c = await open(version);
    async function caught() {
      return await c.fetch('SELECT 1/0').catch((error: Error) => error);
    }
    shows((await caught()) as unknown as Error, 'caught');
    async function chained() {
      return await c.fetch('SELECT 1/0').then(
        () => null,
        (error: Error) => error,
      );
    }
    shows((await chained())!, 'chained');
    async function together() {
      await Promise.all([c.fetch('SELECT 1'), c.fetch('SELECT 1/0'), c.fetch('SELECT 2')]);
    }
    shows(await failure(together()), 'together');
    async function settled() {
      const [, result] = await Promise.allSettled([c.fetch('SELECT 1'), c.fetch('SELECT 1/0')]);
      return (result as PromiseRejectedResult).reason as Error;
    }
    shows(await settled(), 'settled');
  });

  it('has it where the call itself throws', async () => {
    const c = await open(version);
    function thrown() {
      c.stream(null as never);
    }
    try {
      thrown();
      expect.unreachable();
    } catch (error) {
      expect((error as Error).stack).toMatch(/at thrown .*caller-stack\.test\.ts/);
    }
  });

  it('has it where the error comes before anything is sent and is taken later', async () => {
    const c = await open(version);
    function early() {
      return [
        c.fetch({ text: 'SELECT 1', timeout: 0 }),
        c.fetch(null as never),
        c.begin({ isolation: 'snapshot' as never }),
        c.cursor('SELECT 1').fetch(0),
      ];
    }
    const calls = early();
    for (const call of calls) call.catch(() => {});
    await c.fetchVal('SELECT 1');
    for (const call of calls) shows(await failure(call), 'early');
  });
});
