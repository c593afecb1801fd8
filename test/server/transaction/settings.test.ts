import { describe, expect, it } from 'vitest';
import {
  createPool,
  InterfaceError,
  InvalidArgumentError,
  PostgresError,
  type Queryable,
  TimeoutError,
  type TransactionOptions,
} from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const USER = "SELECT current_setting('app.user', true)";
/** Text, as it would have to be quoted. */
const ODD = "o'neill \\ $1; DROP TABLE x; -- é";

describeEach('settings of a transaction', (version) => {
  it('of a call end with its time-out and its signal, whatever it waits for on its connection', async () => {
    const c = await open(version);
    const abort = new Error('not any more');
    const calls = async (): Promise<void> => {
      const limited = c.with({ settings: { 'app.user': 'ann' } });
      expect(await failure(limited.fetch({ text: 'SELECT 1', timeout: 30 }))).toMatchObject({
        name: 'TimeoutError',
        safeToRetry: true,
      });
      const controller = new AbortController();
      const call = failure(limited.fetch({ text: 'SELECT 1', signal: controller.signal }));
      setTimeout(() => controller.abort(abort), 30);
      expect(await call).toBe(abort);
      const batch = c.with({ settings: { 'app.user': 'ann' }, timeout: 30 }).batch(['SELECT 1']);
      expect(await failure(batch)).toBeInstanceOf(TimeoutError);
    };
    let isOver = false;
    // Another transaction on the same connection, and a call that was made before.
    let end!: () => void;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const other = c.transaction(() => held);
    await calls();
    end();
    await other;
    const slow = c.fetch('SELECT pg_sleep(1)').then(() => {
      isOver = true;
    });
    await calls();
    expect(isOver).toBe(false);
    await slow;
    expect(await c.with({ settings: { 'app.user': 'ann' } }).fetchVal(USER)).toBe('ann');
  });

  it('that are refused are the query of the error, and none of a batch or of many sets', async () => {
    const c = await open(version);
    const settings = { work_mem: 'nothing' };
    const first: Record<string, (tx: Queryable) => Promise<unknown>> = {
      query: (tx) => tx.fetchVal('SELECT 1'),
      script: (tx) => tx.execute('SELECT 1'),
      batch: (tx) => tx.batch(['SELECT 1', 'SELECT 2']),
      many: (tx) => tx.executeMany('SELECT $1::int4', [[1], [2]]),
      copy: (tx) => tx.copyFromQuery('SELECT 1', { output: () => {} }),
      stream: async (tx) => {
        for await (const _ of tx.stream('SELECT 1'));
      },
    };
    // What is prepared for the first time travels behind BEGIN, and so does what is known.
    for (let round = 0; round < 2; round++) {
      for (const [name, work] of Object.entries(first)) {
        const error = await failure<PostgresError>(c.transaction({ settings }, work));
        const { itemIndex } = error;
        expect([name, error.query?.slice(0, 12), itemIndex]).toEqual([name, 'BEGIN;SELECT', null]);
        await work(c);
      }
    }
  });

  it('hold in it and no longer, whatever its first statement is', async () => {
    const c = await open(version);
    const settings = { 'app.user': ODD, 'app.count': 5, 'app.on': true, work_mem: '5MB' };
    const first: Record<string, (tx: Queryable) => Promise<unknown>> = {
      query: (tx) => tx.fetchVal('SELECT 1'),
      script: (tx) => tx.execute('SELECT 1; SELECT 2'),
      batch: (tx) => tx.batch(['SELECT 1', USER]),
      many: (tx) => tx.executeMany('SELECT $1::int4', [[1], [2]]),
      copy: (tx) => tx.copyFromQuery('SELECT 1', { output: () => {} }),
      records: async (tx) => {
        for await (const _ of tx.copyRecordsFromQuery('SELECT 1 AS a'));
      },
      stream: async (tx) => {
        for await (const _ of tx.stream('SELECT 1'));
      },
      nested: async (tx) => {
        await tx.transaction((inner) => inner.execute('SELECT 1'));
      },
      'one that fails and is undone to a savepoint': async (tx) => {
        await failure(tx.transaction((inner) => inner.execute('SELECT 1/0')));
      },
    };
    for (const [name, work] of Object.entries(first)) {
      const seen = await c.transaction({ settings }, async (tx) => {
        await work(tx);
        return await tx.fetchRow(`SELECT current_setting('app.user') AS u, current_setting('app.count') AS n,
          current_setting('app.on') AS o, current_setting('work_mem') AS m`);
      });
      expect([name, seen]).toEqual([name, { u: ODD, n: '5', o: 'true', m: '5MB' }]);
      expect([name, await c.fetchVal(USER)]).toEqual([name, '']);
    }
  });

  it('are set by the server itself, whatever functions the search path has in front', async () => {
    const c = await open(version);
    const schema = `settings_path_${version}`;
    await c.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema};
      CREATE FUNCTION ${schema}.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $2';
      SET search_path = ${schema}, pg_catalog`);
    try {
      const settings = { 'app.user': 'ann' };
      expect(await c.transaction({ settings }, (tx) => tx.fetchVal(USER))).toBe('ann');
      expect(await c.with({ settings }).fetchVal(USER)).toBe('ann');
    } finally {
      await c.execute(`DROP SCHEMA ${schema} CASCADE`);
    }
  });

  it('travel with BEGIN and the first statement, in one flight', async () => {
    const c = await open(version);
    await c.fetchVal(USER);
    const tx = await c.begin({ settings: { 'app.user': 'ann' }, isolation: 'serializable' });
    expect(await tx.fetchVal(USER)).toBe('ann');
    expect(await tx.fetchVal('SHOW transaction_isolation')).toBe('serializable');
    await tx.rollback();
    expect(await c.fetchVal(USER)).toBe('');
  });

  it('may be none', async () => {
    const c = await open(version);
    await c.transaction({ settings: {} }, async (tx) => {
      expect(await tx.fetchVal('SELECT 1')).toBe(1);
      expect(await tx.transaction({ settings: {} }, (inner) => inner.fetchVal('SELECT 3'))).toBe(3);
    });
    expect(await c.with({ settings: {} }).fetchVal('SELECT 4')).toBe(4);
  });

  it('that the server refuses fail the first call, and nothing is done outside of the transaction', async () => {
    const c = await open(version);
    const table = 'refused_settings';
    await c.execute(`CREATE TEMPORARY TABLE ${table} (a int4)`);
    for (const insert of [
      `INSERT INTO ${table} VALUES (1)`,
      `INSERT INTO ${table} VALUES (1); SELECT 1`,
    ]) {
      const error = await failure(
        c.transaction({ settings: { work_mem: 'plenty' } }, (tx) => tx.execute(insert)),
      );
      expect(error).toBeInstanceOf(PostgresError);
      expect(error.message).toContain('work_mem');
    }
    expect(await c.fetchVal(`SELECT count(*) FROM ${table}`)).toBe(0n);
  });

  it('are refused in a nested transaction, where they would last too long', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      const nested = tx.transaction({ settings: { 'app.user': 'x' } }, async () => {});
      expect(await failure(nested)).toMatchObject({ safeToRetry: true });
      expect(await tx.fetchVal('SELECT 1')).toBe(1);
    });
  });

  it.each<[unknown, RegExp]>([
    [[], /an object of values by name/],
    ['a', /an object of values by name/],
    [{ '': 'x' }, /must not be empty/],
    [{ 'app.user': null }, /"app.user" must be a string, a number or a boolean, not null/],
    [{ 'app.user': undefined }, /"app.user" must be a string/],
    [{ 'app.user': { id: 1 } }, /"app.user" must be a string/],
    [{ 'app.user': Number.NaN }, /a finite number/],
    [{ 'app.user': 'a\0b' }, /NUL/],
    [{ 'app.user': '\ud800' }, /lone surrogate/],
  ])('%j are refused before anything is sent', async (settings, message) => {
    const c = await open(version);
    const options = { settings } as TransactionOptions;
    const error = await failure(c.transaction(options, async () => {}));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(message);
    expect(() => c.with({ settings } as never)).toThrow(message);
  });
});

describeEach('with({ settings })', (version) => {
  it('has each call in a transaction of its own', async () => {
    const name = `rls_notes_${version}`;
    await using pool = await createPool(serverDsn(version), { maxSize: 2, minSize: 1 });
    await pool.execute(`
      CREATE TABLE ${name} (owner text, note text);
      ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
      ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
      CREATE POLICY own ON ${name} USING (owner = current_setting('app.user', true))`);
    const role = `rls_reader_${version}`;
    await pool.execute(`CREATE ROLE ${role}; GRANT ALL ON ${name} TO ${role}`);
    try {
      const as = (user: string): Queryable =>
        pool.with({ settings: { 'app.user': user, role }, timeout: 30_000 });
      await as('ann').execute(`INSERT INTO ${name} VALUES ('ann', 'a')`);
      await as('bob').executeMany(`INSERT INTO ${name} VALUES ('bob', $1)`, [['b'], ['c']]);
      const notes = `SELECT note FROM ${name} ORDER BY note`;
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => as(i % 2 === 0 ? 'ann' : 'bob').fetch(notes)),
      );
      for (const [i, rows] of all.entries()) {
        expect(rows.map(({ note }) => note)).toEqual(i % 2 === 0 ? ['a'] : ['b', 'c']);
      }
      // A row of somebody else's is refused, and the connection goes on without the setting.
      const error = await failure(as('ann').execute(`INSERT INTO ${name} VALUES ('bob', 'x')`));
      expect(error.message).toContain('row-level security');
      expect(await pool.fetchVal(USER)).toBe('');
      const seen: unknown[] = [];
      for await (const { note } of as('bob').stream(notes)) seen.push(note);
      expect(seen).toEqual(['b', 'c']);
      expect(
        await as('bob').transaction({ settings: { 'app.more': 1 } }, (tx) =>
          tx.fetchVal("SELECT current_setting('app.user') || current_setting('app.more')"),
        ),
      ).toBe('bob1');
      // The second connection may still be on its way: the first has done all of it meanwhile.
      const { size, connecting } = pool.stats;
      expect(pool.stats).toMatchObject({ inUse: 0, idle: size - connecting });
    } finally {
      await pool.execute(`DROP TABLE ${name}; DROP ROLE ${role}`);
    }
  });

  it('of a connection does the same, outside of a transaction only', async () => {
    const c = await open(version);
    const ann = c.with({ settings: { 'app.user': 'ann' } });
    expect(await Promise.all([ann.fetchVal(USER), c.fetchVal(USER), ann.fetchVal(USER)])).toEqual([
      'ann',
      expect.toBeOneOf([null, '']),
      'ann',
    ]);
    await c.transaction(async (tx) => {
      expect(await failure(ann.fetchVal(USER))).toBeInstanceOf(InterfaceError);
      expect(await tx.fetchVal('SELECT 1')).toBe(1);
    });
    expect(await failure(ann.fetchVal('SELECT 1/0'))).toBeInstanceOf(PostgresError);
    expect(await ann.fetchVal(USER)).toBe('ann');
    expect(c.isInTransaction()).toBe(false);
  });

  it('refuses texts about its own transaction, and one that ends it all the same leaves the connection usable', async () => {
    const c = await open(version);
    for (const db of [c.with({ settings: { 'app.user': 'ann' } }), c.with({ readOnly: true })]) {
      const texts = ['BEGIN', 'COMMIT', 'SAVEPOINT a', "SET LOCAL app.x = 'x'"];
      for (const call of [
        ...texts.map((text) => () => db.execute(text)),
        () => db.batch(['COMMIT', 'SELECT 1']),
        () => db.stream('ROLLBACK').next(),
      ]) {
        expect(await failure(call())).toMatchObject({
          message: expect.stringContaining('a transaction of its own'),
          safeToRetry: true,
        });
      }
      for (const text of ['BEGIN; SELECT 1; COMMIT', 'BEGIN; ROLLBACK; SELECT 1']) {
        expect((await failure(db.execute(text))).message).toContain('ended by a statement');
        expect(await c.fetchVal({ text: 'SELECT 1', timeout: 10_000 })).toBe(1);
        expect(await db.fetchVal('SELECT 2')).toBe(2);
      }
    }
  });
});

describe('with', () => {
  it('refuses options that it does not know', async () => {
    const c = await open();
    expect(() => c.with({ setings: {} } as never)).toThrow(/setings/);
  });
});
