import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect } from '../../../src/index.ts';
import { PGBOUNCER, PGBOUNCER_TITLE, PgBouncer } from '../../support/servers/pgbouncer.ts';
import { serverDsn } from '../../support/servers/server.ts';

const PROGRAM = fileURLToPath(new URL('../../support/programs/frozen-pool.ts', import.meta.url));
const PG_PROGRAM = fileURLToPath(
  new URL('../../support/programs/frozen-pg-pool.ts', import.meta.url),
);
/** The pool tells of its two clients that were lost, as node-postgres's does. */
const PG_ANSWERS = {
  answers: [1, 2, 3, 4, 5, 6, 7],
  told: ['error', 'error', 'remove', 'remove'],
  total: 2,
};
const ANSWERS = [1, 2, 3, 4, 5, 6, 'COPY 1', 8, 'SELECT 1'];

/** What ends the connections of a process while it stands still, as the functions of clouds do. */
interface End extends AsyncDisposable {
  /** Where the process connects to. */
  readonly dsn: string;
  /** What it asks on each of its connections when it has nothing more to do. */
  readonly lastQuery?: string;
  /** Ends the connections, or resolves when they are ended. */
  end(): Promise<void>;
}

/**
 * A server's own end of its sessions.
 *
 * @param rest milliseconds that a session may be idle once the process has nothing more to do; until then it is some
 *   seconds, as a busy machine may take long between two calls
 */
async function byServer(rest: number | null): Promise<End> {
  const admin = await connect(serverDsn());
  const which = "FROM pg_stat_activity WHERE application_name = 'frozen'";
  const settings = rest === null ? '' : '?options=-c%20idle_session_timeout%3D4000';
  // In a view, so that no pool sees that its session was changed.
  const value = `SELECT pg_catalog.set_config('idle_session_timeout', '${rest}', false)`;
  if (rest !== null) await admin.execute(`CREATE OR REPLACE VIEW frozen_rest AS ${value}`);
  return {
    dsn: `${serverDsn()}${settings}`,
    ...(rest === null ? {} : { lastQuery: 'SELECT * FROM frozen_rest' }),
    async end() {
      // One may have been about to have its name when the others were ended.
      const ended = rest === null ? 'pg_terminate_backend(pid)' : 'pid';
      const left = () => admin.fetch(`SELECT ${ended} ${which}`);
      await vi.waitFor(async () => expect(await left()).toHaveLength(0), 10_000);
    },
    async [Symbol.asyncDispose]() {
      if (rest !== null) await admin.execute('DROP VIEW frozen_rest');
      await admin.close();
    },
  };
}

/** A pooler's; in session mode its clients are never idle. */
async function byPooler(): Promise<End> {
  const settings = { client_idle_timeout: 1, stats_users: 'postgres' };
  const bouncer = await PgBouncer.start('transaction', settings);
  /** How many clients it has besides the one that asks. */
  const clients = async () => {
    const client = new pg.Client(bouncer.dsn.replace('/postgres?', '/pgbouncer?'));
    await client.connect();
    const { rows } = await client.query('SHOW CLIENTS');
    await client.end();
    return rows.filter(({ database }) => database !== 'pgbouncer').length;
  };
  return {
    dsn: bouncer.dsn,
    end: () => vi.waitFor(async () => expect(await clients()).toBe(0), 10_000),
    [Symbol.asyncDispose]: () => bouncer.stop(),
  };
}

/** Freezes a process with a pool until its connections are ended; its calls then, and again. */
async function freeze(
  { dsn, lastQuery, end }: End,
  args: readonly string[] = [PROGRAM, dsn],
  expected: unknown = ANSWERS,
): Promise<void> {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(lastQuery === undefined ? {} : { LAST_QUERY: lastQuery }) },
  });
  onTestFinished(async () => {
    child.stdin.end();
    child.kill('SIGCONT');
    if (child.exitCode === null) await once(child, 'exit');
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string);
  expect(await next()).toHaveLength(2);
  for (let round = 0; round < 3; round++) {
    child.kill('SIGSTOP');
    await end();
    // What it is to do waits for it as it awakes, beside the news of its connections.
    child.stdin.write('go\n');
    child.kill('SIGCONT');
    expect(await next()).toEqual(expected);
  }
}

/** What ends the sessions of a process by the server's own doing. */
const BY_SERVER = [
  ['the server for being idle', 100],
  ['its backend being terminated', null],
] as const;

describe.skipIf(process.platform === 'win32')('a process that was frozen', () => {
  test.each(BY_SERVER)(
    'whose sessions were ended by %s has its next calls answered',
    async (_, rest) => {
      await using end = await byServer(rest);
      await freeze(end);
    },
  );

  test.each(
    BY_SERVER.flatMap(([by, rest]) =>
      (['asyncpg/pg', 'pg'] as const).map((library) => [library, by, rest] as const),
    ),
  )(
    'with a pool of %s, whose sessions were ended by %s, has its next calls answered',
    async (library, _, rest) => {
      await using end = await byServer(rest);
      await freeze(end, [PG_PROGRAM, end.dsn, library, 'three'], PG_ANSWERS);
    },
  );

  describe.skipIf(PGBOUNCER === null)(PGBOUNCER_TITLE, () => {
    test('whose connections its client_idle_timeout has ended has its next calls answered', async () => {
      await using end = await byPooler();
      await freeze(end);
    });

    test.each(['asyncpg/pg', 'pg'])('and so with a pool of %s', async (library) => {
      await using end = await byPooler();
      await freeze(end, [PG_PROGRAM, end.dsn, library], PG_ANSWERS);
    });
  });
});
