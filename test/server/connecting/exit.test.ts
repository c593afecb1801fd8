import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { serverDsn } from '../../support/servers/server.ts';

const LIBRARY = new URL('../../../src/index.ts', import.meta.url).href;

/** Runs a program in a process of its own; resolves to what it has printed when it ended by itself. */
async function output(program: string): Promise<string> {
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 80_000,
  });
  return (await run).stdout;
}

const POOL = `createPool(dsn, { minSize: 1, maxSize: 2, allowExitOnIdle: true })`;
const EMPTY_POOL = `createPool(dsn, { minSize: 0, maxSize: 2, allowExitOnIdle: true })`;
const INIT = `createPool(dsn, { minSize: 1, init: (c) => c.unref() })`;
const CONNECTION = `connect(dsn).then((c) => { c.unref(); return c; })`;

/** The program's \`main\` is not awaited at the top, so that a process without work ends with code 0. */
function program(dsn: string, open: string, work: string): string {
  return `
    import { connect, createPool } from '${LIBRARY}';
    const dsn = ${JSON.stringify(dsn)};
    async function main() {
      const db = await ${open};
      ${work}
    }
    main();
  `;
}

describe('a process whose connections may let it exit', { timeout: 90_000 }, () => {
  const dsn = serverDsn();

  const slowly = 'SELECT pg_sleep(0.1)';
  const calls: Record<string, string> = {
    fetchVal: `await db.fetchVal('${slowly}')`,
    prepared: `await (db.prepare?.('${slowly}').then((s) => s.fetchVal()))`,
    script: `await db.execute('${slowly}; ${slowly}')`,
    transaction: `await db.transaction(async (tx) => {
      await tx.execute('${slowly}');
      await tx.fetchVal('${slowly}');
    })`,
    batch: `await db.batch(['${slowly}', 'SELECT 1'])`,
    executeMany: `await db.executeMany('SELECT pg_sleep($1)', [[0.1], [0.1]])`,
    stream: `for await (const _ of db.stream('${slowly} FROM generate_series(1, 2)'));`,
    copyFromQuery: `await db.copyFromQuery('${slowly}', { output: () => {} })`,
    close: `const last = db.fetchVal('${slowly}'); await db.close(); await last`,
  };
  for (const [name, open] of Object.entries({ POOL, EMPTY_POOL, INIT, CONNECTION })) {
    it(`stays while a call is under way: ${name}`, async () => {
      const work = Object.entries(calls).map(([call, code]) => `${code}; console.log('${call}');`);
      const done = await output(program(dsn, open, work.join('\n')));
      expect(done.trim().split('\n')).toEqual(Object.keys(calls));
    });
  }

  it('goes when nothing is under way', async () => {
    const work = `await db.fetchVal('SELECT 1'); console.log('idle');`;
    expect(await output(program(dsn, POOL, work))).toBe('idle\n');
    expect(await output(program(dsn, CONNECTION, work))).toBe('idle\n');
  });

  it('stays for the calls behind the first, and for those that wait in the pool', async () => {
    const work = `const all = await Promise.all(
        Array.from({ length: 6 }, (_, i) => db.transaction(async (tx) => {
          await tx.execute('SELECT pg_sleep(0.05)');
          return i;
        })));
      console.log(all.join());`;
    expect(await output(program(dsn, POOL, work))).toBe('0,1,2,3,4,5\n');
  });

  it('stays while a cancelled query is dealt with, and goes then', async () => {
    const work = `await db.fetchVal({ text: 'SELECT pg_sleep(60)', timeout: 50 }).catch((e) => console.log(e.name));
      console.log(await db.fetchVal('SELECT 1'));`;
    expect(await output(program(dsn, POOL, work))).toBe('TimeoutError\n1\n');
  });

  it('stays once more after ref()', async () => {
    const work = `db.ref(); await db.addListener('exit_test', () => { console.log('told'); db.terminate(); });
      const other = await connect(dsn);
      await other.notify('exit_test');
      await other.close();`;
    expect(await output(program(dsn, CONNECTION, work))).toBe('told\n');
  });

  it.each([
    ['a connection, for a transaction', CONNECTION, 'db', 'AsyncpgTransactionWaitWarning'],
    [
      'a pool, for a connection',
      'createPool(dsn, { maxSize: 1, allowExitOnIdle: true, acquireTimeout: null })',
      'await db.acquire()',
      'AsyncpgPoolWaitWarning',
    ],
  ])('is told of a call that waits in vain, and goes then: %s', async (_, open, lent, warning) => {
    const work = `process.on('warning', ({ name }) => console.log(name));
      const lent = ${lent};
      lent.transaction(async (tx) => {
        await tx.execute('SELECT 1');
        console.log('begun');
        await new Promise(() => {});
      });
      db.fetchVal('SELECT 2').finally(() => console.log('answered'));`;
    expect(await output(program(dsn, open, work))).toBe(`begun\n${warning}\n`);
  });

  it('keeps a process whose pool may exit as long as somebody listens', async () => {
    const work = `const subscription = await db.listen('exit_pool_test', async () => {
        console.log('told');
        await subscription.close();
      });
      await db.notify('exit_pool_test');`;
    expect(await output(program(dsn, POOL, work))).toBe('told\n');
  });
});

describe('the option allowExitOnIdle', () => {
  it('takes a boolean alone', async () => {
    const { createPool } = await import('../../../src/index.ts');
    await expect(
      createPool(serverDsn(), { allowExitOnIdle: 'yes' as unknown as boolean }),
    ).rejects.toThrow('invalid allowExitOnIdle option: must be true or false');
  });
});
