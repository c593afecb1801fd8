/**
 * A value decoded from the server and sent back as an argument must be the same to the server:
 * alone, in an array, in a composite type, in both wire formats. Another driver carries the
 * bytes, so that only the codecs are on trial.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Codec } from '../../../src/codecs/codec.ts';
import type { TypeDescription } from '../../../src/codecs/type-description.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import type { TypeOptions } from '../../../src/values/type-options.ts';
import { samplesOf, samplesSetup } from '../../support/samples/type-samples.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';
import { hasServer } from '../../support/servers/server.ts';
import { TypeRegistry } from '../../support/type-registry.ts';

const SCHEMA = 'type_round_trips';

const OPTIONS: Record<string, TypeOptions> = {
  'default options': {},
  'text wherever it is possible': { int8: 'string', datetime: 'string', json: 'text' },
};

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('reads back what was decoded and sent again', () => {
    let database: TestDatabase;
    let client: pg.Client;
    beforeAll(async () => {
      database = await makeDatabase(SCHEMA, version);
      client = new pg.Client({
        connectionString: database.dsn,
        types: { getTypeParser: () => (raw: unknown) => raw } as never,
      });
      await client.connect();
      await client.query(samplesSetup(SCHEMA));
    });
    afterAll(async () => {
      await client.end();
      await database[Symbol.asyncDispose]();
    });

    async function text(query: string, values: unknown[] = []): Promise<string | null> {
      const { rows } = await client.query<{ v: string | null }>({ text: query, values });
      return rows[0]!.v;
    }

    /** The type's binary form by way of its send function: the other driver reads text only. */
    async function binary(oid: number, expression: string): Promise<Buffer> {
      const send = await text('SELECT typsend::regproc::text AS v FROM pg_type WHERE oid = $1', [
        oid,
      ]);
      // Sent as text, but to the parser neither a refcursor nor a domain over an enum is any.
      const sent =
        send === 'textsend' || send === 'enum_send'
          ? `textsend((${expression})::text)`
          : `${send}(${expression})`;
      return Buffer.from((await text(`SELECT encode(${sent}, 'hex') AS v`))!, 'hex');
    }

    async function oidOf(type: string): Promise<number> {
      return Number(await text(`SELECT $1::regtype::oid::text AS v`, [type]));
    }

    async function describeType(oid: number): Promise<TypeDescription> {
      const json = await text(
        `SELECT json_build_object('oid', t.oid::int8, 'name', typname, 'schema', nspname,
           'typtype', typtype, 'delimiter', typdelim, 'base', typbasetype::int8,
           'element', CASE WHEN typcategory = 'A' AND typtype = 'b' THEN typelem::int8 ELSE 0 END,
           'subtype', coalesce((SELECT CASE rngtypid WHEN t.oid THEN rngsubtype ELSE rngtypid END::int8
             FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)), 0),
           'attributes', CASE WHEN typrelid <> 0 THEN (SELECT
             coalesce(json_agg(json_build_object('name', attname, 'oid', atttypid::int8) ORDER BY attnum), '[]')
             FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped) END,
           'hasBinaryInput', typreceive::oid <> 0, 'hasBinaryOutput', typsend::oid <> 0) AS v
         FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE t.oid = $1`,
        [oid],
      );
      return JSON.parse(json!) as TypeDescription;
    }

    async function codecOf(registry: TypeRegistry, type: string): Promise<Codec> {
      const oid = await oidOf(type);
      for (;;) {
        const missing = registry.missing([oid]);
        if (missing.length === 0) return registry.codec(oid)!;
        registry.define(await Promise.all(missing.map(describeType)));
      }
    }

    /** Both wire formats of one value, each decoded, encoded and held against the server's text. */
    async function expectRoundTrip(codec: Codec, type: string, expression: string): Promise<void> {
      const shown = `(${expression})::${type}`;
      // The type's own output, which a cast to text is not for bpchar and citext arrays.
      const expected = await text(`SELECT ${shown} AS v`);
      const back = async (argument: unknown): Promise<string | null> =>
        text(`SELECT $1::${type} AS v`, [argument]);
      const values: unknown[] = [];
      if (codec.binary !== null) {
        const bytes = await binary(codec.type.oid, shown);
        values.push(codec.binary.decode(bytes, 0, bytes.length));
      }
      if (codec.text !== null && expected !== null) {
        const decoded = codec.text.decode(expected);
        if (values.length > 0) expect(decoded, 'decoded from text').toEqual(values[0]);
        values.push(decoded);
      }
      for (const value of values) {
        // The server does not read empty vectors in binary.
        const isReadInBinary = !isVector(type) || (value as unknown[]).length > 0;
        if (codec.binary !== null && isReadInBinary) {
          const writer = new MessageWriter();
          codec.binary.encode(writer, value);
          const bytes = Buffer.from(writer.written);
          expect(await back(bytes), 'sent as binary').toBe(expected);
        }
        if (codec.text !== null) {
          expect(await back(codec.text.encode(value)), 'sent as text').toBe(expected);
        }
      }
      expect(values.length).toBeGreaterThan(0);
    }

    const isVector = (type: string): boolean => type === 'int2vector' || type === 'oidvector';
    const isArray = (type: string): boolean => type.endsWith('[]');

    describe.each(Object.entries(OPTIONS))('with %s', (_, options) => {
      const resolved = resolveTypeOptions(options);

      test.each(Object.entries(samplesOf(version)))('%s', async (type, literals) => {
        const registry = new TypeRegistry(resolved);
        const codec = await codecOf(registry, type);
        for (const literal of literals) {
          const expression = client.escapeLiteral(literal);
          await expectRoundTrip(codec, type, expression);
        }
      });

      test.each(Object.entries(samplesOf(version)).filter(([type]) => !isArray(type)))(
        '%s in arrays and composites',
        async (type, literals) => {
          const registry = new TypeRegistry(resolved);
          const codec = await codecOf(registry, `${type}[]`);
          const elements = literals
            .filter((literal) => literal.length < 1000 && !(literal === '' && isVector(type)))
            .map((literal) => `${client.escapeLiteral(literal)}::${type}`);
          await expectRoundTrip(codec, `${type}[]`, `ARRAY[${elements.join()}, NULL]::${type}[]`);
          await expectRoundTrip(
            codec,
            `${type}[]`,
            `ARRAY[ARRAY[${elements[0]}], ARRAY[NULL]]::${type}[]`,
          );
          await client.query(`CREATE TYPE holder AS (v ${type}, vs ${type}[], n int4)`);
          try {
            const holder = await codecOf(registry, 'holder');
            for (const element of elements) {
              await expectRoundTrip(
                holder,
                'holder',
                `ROW(${element}, ARRAY[${element}], NULL)::holder`,
              );
            }
          } finally {
            await client.query('DROP TYPE holder');
          }
        },
      );
    });
  });
});
