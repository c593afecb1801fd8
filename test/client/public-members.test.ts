/** What a user finds on the public classes without types, as in a REPL, is what is documented. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as internals from '../../src/client/internals.ts';
import {
  Connection,
  Cursor,
  connect,
  createPool,
  InterfaceError,
  PreparedStatement,
  Queryable,
  RowStream,
  Savepoint,
  Transaction,
} from '../../src/index.ts';
import { Pool } from '../../src/pool/pool.ts';
import { PoolConnection } from '../../src/pool/pool-connection.ts';
import { Subscription } from '../../src/pool/subscription.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';

const CLASSES: readonly { readonly name: string; readonly prototype: object }[] = [
  Connection,
  Cursor,
  Pool,
  PoolConnection,
  PreparedStatement,
  Queryable,
  RowStream,
  Savepoint,
  Subscription,
  Transaction,
];

const REPORT = readFileSync(new URL('../../api/asyncpg.api.md', import.meta.url), 'utf8');

/** The methods and accessors that the report of the API has for a class. */
function reported(name: string): string[] {
  const pattern = `^export (?:abstract )?class ${name}\\b.*\\{$([\\s\\S]*?)^\\}`;
  const body = new RegExp(pattern, 'm').exec(REPORT)?.[1];
  if (body === undefined) throw new Error(`the report has no class ${name}`);
  const members = body.matchAll(/^ {4}(?:get )?(\w+|\[Symbol\.\w+\])(?:<.*>)?\(/gm);
  return [...new Set([...members].map(([, member]) => member!))].sort();
}

/** Those that a class has at run time, but for the package's own. */
function found(prototype: object): string[] {
  const own = new Set<unknown>(Object.values(internals));
  return Reflect.ownKeys(prototype)
    .filter((key) => key !== 'constructor' && !own.has(key))
    .map((key) => (typeof key === 'symbol' ? `[${key.description}]` : key))
    .sort();
}

describe('the members at run time', () => {
  it.each(CLASSES.map((type) => [type.name, type] as const))('of %s', (name, { prototype }) => {
    expect(reported(name).length).toBeGreaterThan(0);
    expect(found(prototype)).toEqual(reported(name));
  });

  it.each(CLASSES.map((type) => [type.name, type] as const))('of the class %s', (_name, type) => {
    expect(found(type).filter((key) => !['length', 'name', 'prototype'].includes(key))).toEqual([]);
  });

  it('of objects: none but what the classes have', async () => {
    const options = { user: 'ada', ssl: 'disable', dial: () => new PuppetStream() } as const;
    const connection = await connect(options);
    const pool = await createPool({ ...options, minSize: 1 });
    const lent = await pool.acquire();
    expect([connection, pool, lent, connection.stream('SELECT 1')].map(Reflect.ownKeys)).toEqual([
      [],
      [],
      [],
      [],
    ]);
    for (const object of [connection, lent]) object.terminate();
    pool.terminate();
  });
});

it('whoever extends Queryable all the same is told', () => {
  const Extendable = Queryable as unknown as new () => object;
  class Mine extends Extendable {}
  expect(() => new Mine()).toThrow(InterfaceError);
  expect(() => new Mine()).toThrow('Mine cannot extend Queryable');
  expect(() => new Extendable()).toThrow('Queryable cannot');
});
