import { afterAll, beforeAll, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  type TypeCodec,
} from '../../../src/index.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';
import type { TestedVersion } from '../../support/servers/server.ts';

const TYPES = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN mood_domain AS mood;
  CREATE DOMAIN count_domain AS int4 CHECK (VALUE >= 0);
  CREATE TYPE pair AS (a int4, b text);
  CREATE TYPE holder AS (m mood, ms mood[], p pair, d timestamptz);
  CREATE TYPE mood_range AS RANGE (subtype = mood);
`;

/** A schema in a database of its own, with types to set codecs for, for the tests of one `describe`. */
export interface CodecSchema {
  /** Its database. */
  dsn(): string;
  /** Connects for the length of one test; the schema is the search_path. */
  open(options?: ConnectOptions): Promise<Connection>;
  /** Executes statements on another connection, which stays open after the test. */
  asOwner(text: string): Promise<unknown>;
  /** Wraps the text of a `mood`, so that nothing can pass without the codec. */
  readonly wrapping: TypeCodec;
}

/** @param extensions statements that make more */
export function useCodecSchema(
  version: TestedVersion,
  schema: string,
  extensions: string = '',
): CodecSchema {
  let database: TestDatabase;
  let owner: Connection;
  beforeAll(async () => {
    database = await makeDatabase(schema, version);
    owner = await connect(database.dsn);
    await owner.execute(
      `CREATE SCHEMA ${schema};
       SET search_path TO ${schema}; ${TYPES} ${extensions}`,
    );
  });
  afterAll(async () => {
    await owner.close();
    await database[Symbol.asyncDispose]();
  });
  return {
    dsn: () => database.dsn,
    async open(options = {}) {
      const serverSettings = { search_path: schema, timezone: 'UTC' };
      const db = await connect(database.dsn, { serverSettings, ...options });
      onTestFinished(() => db.terminate());
      return db;
    },
    asOwner: (text) => owner.execute(text),
    wrapping: {
      schema,
      encoder: (value: { wrapped: string }) => value.wrapped,
      decoder: (wrapped: string) => ({ wrapped }),
    },
  };
}

/** A value there and back. */
export function echo(db: Connection, type: string, value: unknown): Promise<unknown> {
  return db.fetchVal(`SELECT $1::${type}`, value);
}
