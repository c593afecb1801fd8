/**
 * What the compiler makes of `asyncpg/pg`: what it makes of `pg` with `@types/pg`. Checked by
 * `npm run check:types`.
 */
import type { Duplex } from 'node:stream';
import pg, {
  Client,
  type ClientBase,
  type ClientConfig,
  type CustomTypesConfig,
  DatabaseError,
  defaults,
  type FieldDef,
  type Notification,
  Pool,
  type PoolClient,
  type PoolConfig,
  Query,
  type QueryArrayConfig,
  type QueryArrayResult,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
  Result,
  type Submittable,
  TypeOverrides,
  types,
} from 'asyncpg/pg';
import type * as theirs from 'pg';
import { expectTypeOf } from 'vitest';
import type { Connection as DriverConnection } from '../../src/index.ts';

interface Person {
  name: string;
}

async function program(lib: typeof pg): Promise<void> {
  const client = new lib.Client({ host: 'h', port: 1, password: async () => 'x', keepAlive: true });
  client.on('notice', (notice) => notice.severity?.toUpperCase());
  client.on('notification', ({ channel, payload }) => [channel.length, payload?.length]);
  client.on('end', () => {});
  client.on('error', (error) => error.message);
  await client.connect();
  client.connect((error) => error?.message);
  const { rows, rowCount, fields } = await client.query<Person>('SELECT $1::text AS name', ['a']);
  expectTypeOf(rows).toEqualTypeOf<Person[]>();
  expectTypeOf(rowCount).toEqualTypeOf<number | null>();
  expectTypeOf(fields[0]!.dataTypeID).toEqualTypeOf<number>();
  const untyped = await client.query('SELECT 1');
  expectTypeOf(untyped.rows).toEqualTypeOf<any[]>();
  client.query('SELECT 1', (error, result) => [error.stack, result.rows[0]['a']]);
  client.query<Person, [string]>(
    'SELECT 1',
    ['a'],
    (_error, result) => result.rows[0]!.name.length,
  );
  const arrays = await client.query<[number, string]>({ text: 'SELECT 1', rowMode: 'array' });
  expectTypeOf(arrays.rows).toEqualTypeOf<[number, string][]>();
  client.setTypeParser(20, (text: string) => BigInt(text));
  await client.end();

  const pool = new lib.Pool({ max: 5, idleTimeoutMillis: null, log: (...args) => args.length });
  pool.on('error', (error, lent) => [error.message, lent.release]);
  pool.on('connect', (lent) => lent.release(true));
  pool.connect((error, lent, done) => [error?.message, lent?.query('SELECT 1'), done(error)]);
  const lent = await pool.connect();
  lent.release(new Error('broken'));
  const { rows: people } = await pool.query<Person>({ text: 'SELECT 1', values: ['a'] });
  expectTypeOf(people).toEqualTypeOf<Person[]>();
  expectTypeOf(pool.options.max).toEqualTypeOf<number>();
  expectTypeOf(pool.waitingCount).toEqualTypeOf<number>();
  await pool.end();
  pool.end(() => {});

  const query = new lib.Query<Person>('SELECT 1');
  query.on('row', (row) => row.name);
  lib.types.setTypeParser(lib.types.builtins.INT8, (text) => Number(text));
  const overrides = new lib.TypeOverrides();
  overrides.setTypeParser(20, BigInt);
  lib.defaults.parseInt8 = true;
  lib.escapeIdentifier('a').length;
  const error: unknown = null;
  if (error instanceof lib.DatabaseError)
    expectTypeOf(error.position).toEqualTypeOf<string | undefined>();
}
void program;

// Types by name, and those that programs of `pg` declare themselves with.
const config: ClientConfig = {
  connectionString: 'postgres://h',
  ssl: { rejectUnauthorized: false },
};
const poolConfig: PoolConfig = {
  ...config,
  min: 1,
  verify: (client, done) => done(client as never),
};
const custom: CustomTypesConfig = { getTypeParser: () => () => 'x' };
const query: QueryConfig<[number]> = { text: 'SELECT $1', values: [1], types: custom, name: 'n' };
const arrayQuery: QueryArrayConfig = { text: 'SELECT 1', rowMode: 'array' };
const field: FieldDef = {
  name: 'a',
  tableID: 0,
  columnID: 0,
  dataTypeID: 23,
  dataTypeSize: 4,
  dataTypeModifier: -1,
  format: 'text',
};
class Repository<R extends QueryResultRow> {
  readonly #client: ClientBase | PoolClient;
  constructor(client: ClientBase | PoolClient) {
    this.#client = client;
  }
  find(text: string, values: any[]): Promise<QueryResult<R>> {
    return this.#client.query<R>(text, values);
  }
}
class Named extends Client {
  readonly label = 'mine';
}
class Own extends Pool {
  override query(...args: any[]): any {
    return super.query(...(args as [any]));
  }
}
declare const cursor: Submittable & { read(count: number): void };
expectTypeOf(new Named().query(cursor)).toEqualTypeOf<typeof cursor>();
expectTypeOf(new Repository<Person>(new Named()).find('x', [])).resolves.toEqualTypeOf<
  QueryResult<Person>
>();
expectTypeOf(new Own(poolConfig).totalCount).toEqualTypeOf<number>();
expectTypeOf(new Client(config).query(query)).resolves.toEqualTypeOf<QueryResult<any>>();
expectTypeOf(new Client().query(arrayQuery)).resolves.toEqualTypeOf<QueryArrayResult<any[]>>();
expectTypeOf<pg.PoolClient>().toEqualTypeOf<PoolClient>();
expectTypeOf<pg.QueryResult<Person>>().toEqualTypeOf<QueryResult<Person>>();
expectTypeOf<pg.Client>().toEqualTypeOf<Client>();
expectTypeOf<Notification>().toEqualTypeOf<theirs.Notification>();
expectTypeOf<QueryResult<Person>>().toEqualTypeOf<theirs.QueryResult<Person>>();
expectTypeOf<QueryConfig<[number]>['values']>().toEqualTypeOf<
  theirs.QueryConfig<[number]>['values']
>();
// Libraries whose types are those of @types/pg take ours.
const takesTheirs = (_pool: theirs.Pool, _client: theirs.PoolClient | theirs.Client): void => {};
takesTheirs(new Pool(), {} as PoolClient);
takesTheirs(new Pool(), new Client());
expectTypeOf(new Client().asyncpg).toEqualTypeOf<DriverConnection>();
// Null, and programs ask for it as they do of pg.
const { Client: NativeClient } = pg.native ?? pg;
takesTheirs(new Pool(), new NativeClient());
if (pg.native) void [new pg.native.Client(), new pg.native.Pool()];
expectTypeOf<null>().toExtend<typeof pg.native>();
new Client({ stream: () => undefined as unknown as Duplex, prepare: true });
void [DatabaseError, defaults, field, Query, Result, TypeOverrides, types];

// @ts-expect-error: no option of this name
new Client({ hostname: 'h' });
// @ts-expect-error: a number is no query
void new Client().query(5);
// @ts-expect-error: a client must be lent to be released
new Client().release();
