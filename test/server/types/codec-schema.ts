import { afterAll, beforeAll, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  type TypeCodec,
} from '../../../src/index.ts';
import { serverDsn, type TestedVersion } from '../../support/servers/server.ts';

const TYPES = `
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN mood_domain AS mood;
  CREATE DOMAIN count_domain AS int4 CHECK (VALUE >= 0);
  CREATE TYPE pair AS (a int4, b text);
  CREATE TYPE holder AS (m mood, ms mood[], p pair, d timestamptz);
  CREATE TYPE mood_range AS RANGE (subtype = mood);
`;

/** A schema with types to set codecs for, which is there for the tests of one `describe`. */
export interface CodecSchema {
  /** Connects for the length of one test; the schema is the search_path. */
  open(options?: ConnectOptions): Promise<Connection>;
  /** Executes statements on another connection, which stays open after the test. */
  asOwner(text: string): Promise<unknown>;
  /** Wraps the text of a `mood`, so that nothing can pass without the codec. */
  readonly wrapping: TypeCodec;
}

/** @param extensions statements that make more; a database has each extension but once */
export function useCodecSchema(
  version: TestedVersion,
  schema: string,
  extensions: string = '',
): CodecSchema {
  let owner: Connection;
  beforeAll(async () => {
    owner = await connect(serverDsn(version));
    await owner.execute(
      `DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema};
       SET search_path TO ${schema}; ${TYPES} ${extensions}`,
    );
  });
  afterAll(async () => {
    await owner.execute(`DROP SCHEMA ${schema} CASCADE`);
    await owner.close();
  });
  return {
    async open(options = {}) {
      const serverSettings = { search_path: schema, timezone: 'UTC' };
      const db = await connect(serverDsn(version), { serverSettings, ...options });
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
