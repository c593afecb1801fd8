import { createRequire } from 'node:module';
import facade from 'asyncpg/pg';
import { expectSame } from '../../../integrations/pg/side-by-side.ts';
import { type TestedVersion, testServer } from '../../../support/servers/server.ts';

/** node-postgres itself: a scenario is played with it and with the facade. */
const pg: any = createRequire(import.meta.url)('pg');

export type Module = typeof facade;

/** How to connect to the test server. */
export function config(version: TestedVersion = 18): { [option: string]: any } {
  const { host, port, superuser } = testServer(version);
  return { host, port, user: superuser, database: 'postgres' };
}

/** An error without its stack, or what else was thrown. */
export function plain(error: any): unknown {
  if (!(error instanceof Error)) return error;
  const { cause: _cause, ...fields } = error as any;
  return { ...fields, name: error.name, message: error.message };
}

/** A result with all that it owns; of functions and types only that they are there. */
export function owned(result: any): unknown {
  if (Array.isArray(result)) return result.map(owned);
  const { _parsers, _types, parseRow, ...rest } = result;
  return {
    keys: Object.keys(result),
    parsers: _parsers?.length,
    types: typeof _types?.getTypeParser,
    parseRow: typeof parseRow,
    class: result.constructor.name,
    ...rest,
  };
}

/** What a promise comes to. */
export async function settled(promise: Promise<unknown>): Promise<unknown> {
  try {
    return owned(await promise);
  } catch (error) {
    return { error: plain(error) };
  }
}

/**
 * Plays a scenario with node-postgres and with the facade; what they return must be the same. Returns
 * that of the facade.
 */
export async function both<R>(play: (module: Module) => Promise<R>): Promise<R> {
  const expected = await play(pg);
  const actual = await play(facade);
  expectSame(actual, expected, play.toString().slice(0, 200));
  return actual;
}

/** Plays a scenario on a connected client of each of them. */
export function onClients<R>(
  play: (client: any, module: Module) => Promise<R>,
  options: object = {},
): Promise<R> {
  return both(async (module) => {
    const client = new module.Client({ ...config(), ...options });
    await client.connect();
    try {
      return await play(client, module);
    } finally {
      await client.end();
    }
  });
}
