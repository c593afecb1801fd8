import net from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { Connection } from '../../../src/client/connection.ts';
import { CREATE } from '../../../src/client/internals.ts';
import { openClientSession } from '../../../src/client/open-client-session.ts';
import type { CodecSource } from '../../../src/codecs/codec-source.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { DEFAULT_TYPES } from '../../../src/config/types-option.ts';
import type { DialFunction } from '../../../src/index.ts';
import { InterfaceError } from '../../../src/index.ts';
import { collect, failure, openWithSchema } from '../../support/connections.ts';
import { decodeFrontendMessage, frontendName } from '../../support/fakes/frontend-message.ts';
import { TextCodecs } from '../../support/fakes/text-codecs.ts';
import { serverDsn, testServer } from '../../support/servers/server.ts';
import { TypeRegistry } from '../../support/type-registry.ts';

/** Dials the server and keeps all that is written to it. */
class Recorder {
  #written: Buffer[] = [];

  readonly dial: DialFunction = () => {
    const { host, port } = testServer(18);
    const socket = net.connect({ host, port, noDelay: true });
    const { write } = socket;
    socket.write = ((chunk: Uint8Array, ...rest: []) => {
      this.#written.push(Buffer.from(chunk));
      return write.call(socket, chunk, ...rest);
    }) as typeof write;
    return socket;
  };

  /** Forgets what was written so far, whole messages all of them. */
  forget(): void {
    this.#written = [];
  }

  /** The texts that were written since, of Parse and of Query. */
  texts(): string[] {
    const bytes = Buffer.concat(this.#written);
    const texts: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      const body = bytes.subarray(at + 5, end);
      const name = frontendName(bytes[at]!);
      if (name === 'Parse' || name === 'Query') texts.push(decodeFrontendMessage(name, body).text);
      at = end;
    }
    return texts;
  }
}

const SHAPES = `
  SELECT 42 AS int, true AS bool, '\\x00ff'::bytea AS bytes, 1.50::numeric AS decimal,
    '2026-02-03 04:05:06.789+00'::timestamptz AS at, '{"a": [1]}'::jsonb AS json,
    ARRAY[1, NULL, 3] AS list, ARRAY[ARRAY['a b'], ARRAY['"']] AS grid, int4range(1, 5) AS range,
    '{[1,3),[5,8)}'::int4multirange AS ranges, ROW(1, 'x', NULL) AS record,
    'glad'::mood AS mood, ARRAY['glad', 'so so']::mood[] AS moods,
    ROW(7, 'a "b"', '{glad}')::pet AS pet, ARRAY[ROW(7, 'a b', NULL)::pet] AS pets,
    ROW(1, ROW(8, NULL, NULL))::house AS house, 'x'::code AS code, NULL::pet AS nothing`;

const TEXTS = {
  int: '42',
  bool: 't',
  bytes: '\\x00ff',
  decimal: '1.50',
  at: '2026-02-03 04:05:06.789+00',
  json: '{"a": [1]}',
  list: '{1,NULL,3}',
  grid: '{{"a b"},{"\\""}}',
  range: '[1,5)',
  ranges: '{[1,3),[5,8)}',
  record: '(1,x,)',
  mood: 'glad',
  moods: '{glad,"so so"}',
  pet: '(7,"a ""b""",{glad})',
  pets: '{"(7,\\"a b\\",)"}',
  house: '(1,"(8,,)")',
  code: 'x',
  nothing: null,
};

describe('a session with another source of codecs', () => {
  const recorder = new Recorder();
  let connection: Connection;

  async function openWith(registry: CodecSource): Promise<void> {
    const owner = await openWithSchema();
    await owner.execute(`
      CREATE TYPE mood AS ENUM ('glad', 'so so');
      CREATE TYPE pet AS (id int8, name text, moods mood[]);
      CREATE TYPE house AS (id int4, guest pet);
      CREATE DOMAIN code AS text CHECK (VALUE <> '')`);
    const path = await owner.fetchVal<string>('SHOW search_path');
    const config = resolveConfig(serverDsn(), {
      dial: recorder.dial,
      serverSettings: { search_path: path!, TimeZone: 'UTC' },
    });
    connection = Connection[CREATE](await openClientSession({ ...contextFor(config), registry }));
    onTestFinished(() => connection.terminate());
    recorder.forget();
  }

  describe('that has the text of every type', () => {
    beforeEach(() => openWith(new TextCodecs()));

    it("returns the server's text of every value and asks for no type", async () => {
      expect(await connection.fetch(SHAPES)).toEqual([TEXTS]);
      expect(await connection.fetch(SHAPES)).toEqual([TEXTS]);
      expect(recorder.texts()).toEqual([SHAPES]);
    });

    it('prepares, streams, batches and moves through a cursor without asking either', async () => {
      const statement = await connection.prepare(SHAPES);
      expect(statement.attributes[0]!.type).toEqual({
        oid: 23,
        name: 'type 23',
        kind: 'scalar',
        schema: '',
      });
      expect(await statement.fetchRow()).toEqual(TEXTS);
      expect(await collect(connection.stream(SHAPES))).toEqual([TEXTS]);
      const [first] = await connection.batch([{ text: SHAPES }, { text: 'SELECT 1' }]);
      expect(first!.rows).toEqual([TEXTS]);
      await connection.transaction(async () => {
        expect(await collect(connection.cursor(SHAPES))).toEqual([TEXTS]);
      });
      const others = recorder.texts().filter((text) => text !== SHAPES);
      expect(others).toEqual(['SELECT 1', 'BEGIN', 'COMMIT']);
    });

    it('sends arguments of all types as text', async () => {
      const text =
        'SELECT $1::int4 + 1 AS sum, $2::mood[] AS moods, $3::pet AS pet, ($4::pet).name AS name, $5::bool AS no, $6::date AS day';
      const args = [41, '{glad,NULL}', '(7,x,"{glad}")', '(8,y,)', false, null];
      expect(await connection.fetchRow(text, ...args)).toEqual({
        sum: '42',
        moods: '{glad,NULL}',
        pet: '(7,x,{glad})',
        name: 'y',
        no: 'f',
        day: null,
      });
      expect(recorder.texts()).toEqual([text]);
    });

    it('inserts many sets of values, of a table made since', async () => {
      await connection.execute('CREATE TEMP TABLE pets (pet pet, n int4)');
      const insert = 'INSERT INTO pets VALUES ($1, $2)';
      await connection.executeMany(insert, [
        ['(1,a,)', 1],
        ['(2,"b, c",)', 2],
      ]);
      const select = 'SELECT pet, n FROM pets ORDER BY n';
      expect(await connection.fetch(select)).toEqual([
        { pet: '(1,a,)', n: '1' },
        { pet: '(2,"b, c",)', n: '2' },
      ]);
      expect(recorder.texts()).toEqual([
        'CREATE TEMP TABLE pets (pet pet, n int4)',
        insert,
        select,
      ]);
    });

    it('prepares a statement anew whose columns have changed', async () => {
      await connection.execute(
        'CREATE TEMP TABLE shifting (a int4); INSERT INTO shifting VALUES (1)',
      );
      expect(await connection.fetch('SELECT * FROM shifting')).toEqual([{ a: '1' }]);
      await connection.execute(
        'ALTER TABLE shifting ALTER a TYPE text, ADD b mood DEFAULT $$glad$$',
      );
      recorder.forget();
      expect(await connection.fetch('SELECT * FROM shifting')).toEqual([{ a: '1', b: 'glad' }]);
      expect(recorder.texts()).toEqual(['SELECT * FROM shifting']);
    });

    it('takes no codec of a user, and asks for no type to find that out', async () => {
      for (const refused of [
        connection.setTypeCodec('mood', { decoder: String }),
        connection.setBuiltinTypeCodec('mood', { codecName: 'text' }),
        connection.resetTypeCodec('mood'),
      ]) {
        expect(await failure(refused)).toBeInstanceOf(InterfaceError);
      }
      expect(recorder.texts()).toEqual([]);
    });
  });

  describe('that is the registry', () => {
    beforeEach(() => openWith(new TypeRegistry(DEFAULT_TYPES)));

    it('asks for the types that it does not know', async () => {
      await connection.fetch(SHAPES);
      const [first, ...others] = recorder.texts();
      expect(first).toBe(SHAPES);
      expect(others.length).toBeGreaterThan(0);
      for (const text of others) expect(text).toContain('FROM pg_catalog.pg_type');
    });
  });
});
