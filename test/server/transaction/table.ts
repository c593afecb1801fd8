import type { Connection } from '../../../src/index.ts';
import { openWithSchema } from '../../support/connections.ts';
import type { TestedVersion } from '../../support/servers/server.ts';

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
