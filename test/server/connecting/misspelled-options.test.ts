/** An option that does not exist is refused wherever options are taken, before anything is done. */
import { expect, it, onTestFinished } from 'vitest';
import { createPool, InterfaceError, InvalidArgumentError } from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

describeEach('options', (version) => {
  it('that do not exist are refused by their name', async () => {
    const c = await open(version);
    const pool = await createPool(serverDsn(version), { maxSize: 1 });
    onTestFinished(() => pool.close());
    const statement = await c.prepare('SELECT 1');
    const output = () => {};
    const calls: Record<string, (options: never) => unknown> = {
      transaction: (options) => c.transaction(options, async () => 1),
      begin: (options) => c.begin(options),
      executeMany: (options) => c.executeMany('SELECT 1', [[]], options),
      fetchMany: (options) => c.fetchMany('SELECT 1', [[]], options),
      prepare: (options) => c.prepare('SELECT 1', options),
      explain: (options) => statement.explain(options),
      with: async (options) => statement.with(options),
      setTypeCodec: (options) => c.setTypeCodec('text', options),
      copyFromTable: (options) => c.copyFromTable('pg_am', { output, ...(options as object) }),
      copyFromQuery: (options) => c.copyFromQuery('SELECT 1', { output, ...(options as object) }),
      copyToTable: (options) => c.copyToTable('pg_am', { source: [], ...(options as object) }),
      copyRecordsToTable: (options) =>
        c.copyRecordsToTable('pg_am', { records: [], ...(options as object) }),
      close: (options) => c.close(options),
      acquire: (options) => pool.acquire(options),
      listen: (options) => pool.listen('channel', () => {}, options),
      'with of a pool': async (options) => pool.with(options),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await failure((async () => call({ tiemout: 1 } as never))());
      expect(error, name).toBeInstanceOf(InvalidArgumentError);
      expect(error.message, name).toMatch('has no option "tiemout"\nHINT:  It has ');
    }
    expect(c.isInTransaction()).toBe(false);
    expect(await c.fetchVal('SELECT 7')).toBe(7);
  });

  it('that belong to another kind of COPY are refused as well', async () => {
    const c = await open(version);
    const where = { output: () => {}, where: 'true' };
    expect((await failure(c.copyFromTable('pg_am', where))).message).toMatch('option "where"');
    const columns = { output: () => {}, columns: ['a'] };
    expect((await failure(c.copyFromQuery('SELECT 1', columns))).message).toMatch('"columns"');
  });

  it('of the wrong kind are refused', async () => {
    const c = await open(version);
    for (const options of [{ readOnly: 'false' }, { deferrable: 1 }, 1]) {
      const error = await failure(c.transaction(options as never, async () => 1));
      expect(error).toBeInstanceOf(InterfaceError);
    }
    const signal = await failure(c.fetch({ text: 'SELECT 1', signal: {} as never }));
    expect(signal.message).toBe('invalid signal: expected an AbortSignal');
    const pool = await createPool(serverDsn(version), { maxSize: 1 });
    onTestFinished(() => pool.close());
    for (const given of [
      [1, {}],
      [() => {}, { onReconnect: 1 }],
    ]) {
      const error = await failure(pool.listen('channel', ...(given as [never, never])));
      expect(error).toBeInstanceOf(InvalidArgumentError);
    }
    expect(await c.fetchVal('SELECT 7')).toBe(7);
  });

  it('and arguments of the wrong kind are refused in words, and nothing is sent', async () => {
    const c = await open(version);
    const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1 });
    onTestFinished(() => pool.close());
    for (const wrong of [null, 5, {}] as never[]) {
      for (const call of [
        () => pool.withConnection(wrong),
        () => c.prepare(wrong),
        async () => c.addLogListener(wrong),
        async () => c.addTerminationListener(wrong),
        async () => c.addQueryLogger(wrong),
      ]) {
        expect(await failure(call()), String(call)).toBeInstanceOf(InvalidArgumentError);
      }
    }
    for (const call of [
      () => c.close(null as never),
      () => c.copyFromQuery('SELECT 1', null as never),
    ]) {
      expect(await failure(call()), String(call)).toBeInstanceOf(InvalidArgumentError);
    }
    const aborted = AbortSignal.abort(new Error('gone'));
    expect((await failure(c.begin({ signal: aborted }))).message).toBe('gone');
    expect(pool.stats.opened).toBe(0);
    expect(await c.fetchVal('SELECT 7')).toBe(7);
  });
});
