import { PrismaPg } from '@prisma/adapter-pg';
import type {
  ArgType,
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlResultSet,
} from '@prisma/driver-adapter-utils';
import { onTestFinished } from 'vitest';
import { PrismaAsyncpg } from '../../../../src/integrations/prisma/index.ts';
import { failure } from '../../../support/connections.ts';
import { serverDsn, type TestedVersion } from '../../../support/servers/server.ts';

/** Prisma's own adapter, and this one, each on a pool of its own with the same settings. */
export interface Both {
  readonly theirs: SqlDriverAdapter;
  readonly ours: SqlDriverAdapter;
}

/** Connects both for the length of one test. */
export async function openBoth(version: TestedVersion): Promise<Both> {
  const dsn = serverDsn(version);
  // The client takes both as the same.
  const factories: SqlMigrationAwareDriverAdapterFactory[] = [
    new PrismaPg({ connectionString: dsn, max: 3 }),
    new PrismaAsyncpg(dsn),
  ];
  const [theirs, ours] = await Promise.all(factories.map((factory) => factory.connect()));
  onTestFinished(async () => {
    await Promise.all([theirs!.dispose(), ours!.dispose()]);
  });
  return { theirs: theirs!, ours: ours! };
}

/** An argument of Prisma's: the value, its type, the database's type, whether it is a list. */
export type Argument = readonly [
  value: unknown,
  scalarType: ArgType['scalarType'],
  dbType?: string | undefined,
  arity?: ArgType['arity'],
];

/** A query as Prisma makes it. */
export function queryOf(sql: string, ...args: Argument[]) {
  return {
    sql,
    args: args.map(([value]) => value),
    argTypes: args.map(([, scalarType, dbType, arity]) => ({
      scalarType,
      arity: arity ?? ('scalar' as const),
      ...(dbType === undefined ? {} : { dbType }),
    })),
  };
}

/** What a query comes to on both. */
export async function resultsOf({ theirs, ours }: Both, sql: string, ...args: Argument[]) {
  const [their, our] = await Promise.all(
    [theirs, ours].map((adapter) => adapter.queryRaw(queryOf(sql, ...args))),
  );
  return { their: plain(their!), our: plain(our!) };
}

/** Bytes as a list: one has Buffers of its own. */
function plain({ rows, ...result }: SqlResultSet): SqlResultSet {
  const values = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return { bytes: [...value] };
    return Array.isArray(value) ? value.map(values) : value;
  };
  return { ...result, rows: rows.map((row) => row.map(values)) };
}

/** How a call fails on both, as Prisma's client sees it. */
export async function failuresOf(
  { theirs, ours }: Both,
  call: (adapter: SqlDriverAdapter) => Promise<unknown>,
): Promise<{ their: unknown; our: unknown }> {
  const seen = async (adapter: SqlDriverAdapter): Promise<unknown> => {
    const { name, message, cause } = await failure(call(adapter));
    return { name, message, cause: JSON.parse(JSON.stringify(cause ?? null)) };
  };
  return { their: await seen(theirs), our: await seen(ours) };
}
