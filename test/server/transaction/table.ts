import { onTestFinished } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { Connection } from '../../../src/client/connection.ts';
import { CREATE } from '../../../src/client/internals.ts';
import { openClientSession } from '../../../src/client/open-client-session.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { Queryable } from '../../../src/index.ts';
import { type Clock, systemClock } from '../../../src/transport/clock.ts';
import { openWithSchema } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import type { TestedVersion } from '../../support/servers/server.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A connection with a table `t` of its own, whose numbers are unique. */
export async function openWithTable(version: TestedVersion): Promise<Connection> {
  const c = await openWithSchema(version);
  await c.execute('CREATE TABLE t (a int4 UNIQUE DEFERRABLE INITIALLY IMMEDIATE)');
  return c;
}

/** What is in the table. */
export async function values(c: Connection): Promise<number[]> {
  const rows = await c.fetch<{ a: number }>('SELECT a FROM t ORDER BY a');
  return rows.map(({ a }) => a);
}

/** A `commandTimeout` that is over when the test says so. */
const LIMIT = 77_777;

/** The same where all calls whose own time-out is the connection's are out of time when `expire` is called. */
export async function openWithLimit(
  version: TestedVersion,
): Promise<{ c: Connection; expire: () => void }> {
  const owner = await openWithTable(version);
  const limits = new Set<() => void>();
  const clock: Clock = {
    now: systemClock.now,
    setTimer(delay, callback, referenced) {
      if (delay !== LIMIT) return systemClock.setTimer(delay, callback, referenced);
      limits.add(callback);
      return { cancel: () => void limits.delete(callback) };
    },
  };
  const config = resolveConfig(serverDsn(version), {
    commandTimeout: LIMIT,
    serverSettings: { search_path: (await owner.fetchVal<string>('SHOW search_path'))! },
  });
  const c = Connection[CREATE](await openClientSession(contextFor(config, clock)));
  onTestFinished(() => c.terminate());
  const expire = (): void => {
    for (const limit of [...limits]) limit();
  };
  return { c, expire };
}

/** What has its own time. */
const LASTING = { timeout: 60_000 };

/** A call on the connection, behind which nothing is sent until it is told to end. */
export function holdUnsent(queryable: Queryable): { over: Promise<void>; end: () => void } {
  const held = deferred();
  const sets = (async function* () {
    yield [1];
    await held.promise;
  })();
  return { over: queryable.executeMany('SELECT $1::int4', sets, LASTING), end: held.resolve };
}
