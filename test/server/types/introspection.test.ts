/** When the driver asks the server what a type is: never for built-in types, else once a connection. */
import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { builtinOids, builtinType } from '../../../src/codecs/builtin-types.ts';
import { type Connection, type ConnectOptions, connect, createPool } from '../../../src/index.ts';
import { serverDsn, testServer } from '../../support/servers/server.ts';

/** Connects through sockets that note what is sent, and counts the questions about types. */
function counting(): { options: ConnectOptions; questions(): number } {
  const sent: Buffer[] = [];
  const dial = (): net.Socket => {
    const { host, port } = testServer();
    const socket = net.connect(port, host);
    const write = socket.write.bind(socket) as (chunk: Uint8Array, ...rest: unknown[]) => boolean;
    socket.write = ((chunk: Uint8Array, ...rest: unknown[]) => {
      sent.push(Buffer.from(chunk));
      return write(chunk, ...rest);
    }) as net.Socket['write'];
    return socket;
  };
  return {
    options: { dial },
    questions: () =>
      Buffer.concat(sent).toString('latin1').split('FROM pg_catalog.pg_type').length - 1,
  };
}

async function open(options: ConnectOptions): Promise<Connection> {
  const db = await connect(serverDsn(), options);
  onTestFinished(() => db.terminate());
  return db;
}

test('no built-in type, array, range or multirange is asked for', async () => {
  const { options, questions } = counting();
  const db = await open(options);
  // Pseudo-types have no columns, and some internal types no values.
  const types = [...builtinOids().values()]
    .map((oid) => builtinType(oid)!)
    .filter(({ typtype }) => typtype !== 'p');
  expect(types.length).toBeGreaterThan(150);
  const columns = types.map(({ name }, i) => `NULL::pg_catalog."${name}" AS c${i}`);
  const row = await db.fetchRow(`SELECT ${columns.join()}, ROW(1, 'x'::text, '{1}'::int4[]) AS r`);
  expect(row!['r'][2]).toEqual([1]);
  const parameters = types.map(({ name }, i) => `$${i + 1}::pg_catalog."${name}"`);
  await db.fetchRow(`SELECT ${parameters.join()}`, ...types.map(() => null));
  await db.execute('CREATE TEMP TABLE t (r int4range, m datemultirange, a numeric[], j jsonb)');
  await db.copyRecordsToTable('t', { records: [[[1, 2], [], ['1.5'], { a: 1 }]] });
  for await (const copied of db.copyRecordsFromQuery('SELECT * FROM t')) {
    expect(copied['a']).toEqual(['1.5']);
  }
  expect(questions()).toBe(0);
});

test('a type of a user is asked for once, by OID, level by level, and by the pool’s others in one go', async () => {
  const { options, questions } = counting();
  await using pool = await createPool(serverDsn(), { ...options, minSize: 2, maxSize: 2 });
  await pool.execute(`
    DROP SCHEMA IF EXISTS introspection CASCADE;
    CREATE SCHEMA introspection;
    CREATE TYPE introspection.inner_type AS (a int4, m text);
    CREATE TYPE introspection.middle AS (i introspection.inner_type[]);
    CREATE TYPE introspection.outer_type AS (m introspection.middle, n introspection.middle);
  `);
  const query = `SELECT '("(""{""""(1,x)""""}"")",)'::introspection.outer_type AS v`;
  const expected = { v: { m: { i: [{ a: 1, m: 'x' }] }, n: null } };
  await using first = await pool.acquire();
  await using second = await pool.acquire();
  expect(await first.fetchRow(query)).toEqual(expected);
  // The outer type, the middle one, the array in it, the array's element.
  expect(questions()).toBe(4);
  // Another connection may lead to another server: it asks for all of them in one go.
  expect(await second.fetchRow(query)).toEqual(expected);
  expect(questions()).toBe(5);
  expect(await second.fetchRow(query)).toEqual(expected);
  expect(questions()).toBe(5);
  expect(await first.fetchVal('SELECT $1::introspection.middle[]', [null])).toEqual([null]);
  // Nothing but the one array type was new.
  expect(questions()).toBe(6);
  await first.execute('DROP SCHEMA introspection CASCADE');
});

test('a type made anew under its old name is read as what it is now', async () => {
  const db = await open({});
  await db.execute('DROP TYPE IF EXISTS remade');
  await db.execute('CREATE TYPE remade AS (a int4)');
  const query = "SELECT '(1)'::remade AS v";
  expect(await db.fetchRow(query)).toEqual({ v: { a: 1 } });
  await db.execute('DROP TYPE remade; CREATE TYPE remade AS (b text)');
  expect(await db.fetchRow(query)).toEqual({ v: { b: '1' } });
  await db.execute("DROP TYPE remade; CREATE TYPE remade AS ENUM ('(1)')");
  expect(await db.fetchRow(query)).toEqual({ v: '(1)' });
  await db.execute('DROP TYPE remade');
});
