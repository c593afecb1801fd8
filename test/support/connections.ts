import { describe, onTestFinished } from 'vitest';
import { type Connection, type ConnectOptions, connect } from '../../src/index.ts';
import { hasServer, serverDsn, type TestedVersion } from './servers/server.ts';

/** The same tests against each version of PostgreSQL that is there. */
export function describeEach(name: string, tests: (version: TestedVersion) => void): void {
  for (const version of [18, 15] as const) {
    describe.skipIf(!hasServer(version))(`${name} (PostgreSQL ${version})`, () => tests(version));
  }
}

/** Connects for the length of one test. */
export async function open(
  version: TestedVersion = 18,
  options: ConnectOptions = {},
): Promise<Connection> {
  const connection = await connect(serverDsn(version), options);
  onTestFinished(() => connection.terminate());
  return connection;
}

/** A schema of the test's own, first on the search_path of the connection and dropped after it. */
export async function openWithSchema(
  version: TestedVersion = 18,
  options: ConnectOptions = {},
): Promise<Connection> {
  const connection = await open(version, options);
  schemas += 1;
  const schema = `test_${process.pid}_${schemas}`;
  await connection.execute(`CREATE SCHEMA ${schema}; SET search_path = ${schema}, public`);
  onTestFinished(async () => {
    // Whatever it still holds would be in the way.
    connection.terminate();
    const owner = await connect(serverDsn(version));
    await owner.execute(`SET client_min_messages = error; DROP SCHEMA ${schema} CASCADE`);
    await owner.close();
  });
  return connection;
}
let schemas = 0;

/** Another connection that sees the same schema. */
export async function openBeside(
  connection: Connection,
  version: TestedVersion = 18,
  options: ConnectOptions = {},
): Promise<Connection> {
  const other = await open(version, options);
  const path = await connection.fetchVal<string>('SHOW search_path');
  await other.execute(`SET search_path = ${path}`);
  return other;
}

/** What a promise is rejected with. */
export async function failure<E = Error & Record<string, unknown>>(
  promise: PromiseLike<unknown>,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error('expected a rejection, but the promise was fulfilled');
}

/** Everything that an iterable gives. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}
