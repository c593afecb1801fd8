/** Codecs of users that are refused, or that fail. */
import { describe, expect, test } from 'vitest';
import {
  ClientConfigurationError,
  type ConnectOptions,
  connect,
  DecodeError,
  InterfaceError,
  InvalidArgumentError,
  Range,
  type TypeCodec,
} from '../../../src/index.ts';
import { hasServer } from '../../support/servers/server.ts';
import { echo, useCodecSchema } from './codec-schema.ts';

const SCHEMA = 'codec_refusals';

function hiddenError(): Error {
  return Object.defineProperty(new Error(), 'message', {
    get() {
      throw new Error('no access');
    },
  });
}

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('codecs', () => {
    const { dsn, open, wrapping } = useCodecSchema(version, SCHEMA);

    test('are refused where they could not apply', async () => {
      const db = await open();
      const decoder = (text: unknown): unknown => text;
      for (const [name, schema] of [
        ['_mood', SCHEMA],
        ['mood_range', SCHEMA],
        ['int4range', 'pg_catalog'],
        ['_int4', 'pg_catalog'],
      ] as const) {
        const call = db.setTypeCodec(name, { schema, decoder });
        await expect(call, name).rejects.toThrow(InterfaceError);
        await expect(db.setBuiltinTypeCodec(name, { schema, codecName: 'text' })).rejects.toThrow(
          InterfaceError,
        );
      }
      await expect(db.setTypeCodec('mood', { decoder })).rejects.toThrow(
        'unknown type: public.mood',
      );
      const qualified = `For the type "mood" of the schema "${SCHEMA}", give "mood" and the option schema: "${SCHEMA}".`;
      for (const call of [
        db.setTypeCodec(`${SCHEMA}.mood`, { decoder }),
        db.setBuiltinTypeCodec(`${SCHEMA}.mood`, { codecName: 'text' }),
        db.resetTypeCodec(`${SCHEMA}.mood`),
      ]) {
        await expect(call).rejects.toThrow(qualified);
      }
      await expect(db.setTypeCodec('mood[]', { schema: SCHEMA, decoder })).rejects.toThrow(
        'by the codec of their type: "mood".',
      );
      await expect(db.setTypeCodec('mood', { schema: SCHEMA })).rejects.toThrow('needs an encoder');
      await expect(
        db.setTypeCodec('mood', { schema: SCHEMA, decoder, format: 'tuple' }),
      ).rejects.toThrow('the tuple format is not supported');
      await expect(
        db.setTypeCodec('mood', { schema: SCHEMA, decoder, format: 'json' as 'text' }),
      ).rejects.toThrow('it must be "text", "binary" or "tuple"');
      await expect(
        db.setBuiltinTypeCodec('mood', { schema: SCHEMA, codecName: 'nope' }),
      ).rejects.toThrow('there is no built-in codec');
      expect(await echo(db, 'mood', 'ok')).toBe('ok');
    });

    test('are for a type with such a name where their schema is given', async () => {
      const db = await open({ codecs: { 'odd.mood': { ...wrapping, schema: SCHEMA } } });
      await db.execute(`CREATE DOMAIN ${SCHEMA}."odd.mood" AS text`);
      expect(await db.fetchVal(`SELECT ARRAY['x'::"odd.mood"]`)).toEqual([{ wrapped: 'x' }]);
    });

    test('that make a bound of a range undefined reject their call alone', async () => {
      const db = await open();
      for (const format of ['text', 'binary'] as const) {
        await db.setTypeCodec('int4', {
          schema: 'pg_catalog',
          format,
          decoder: () => undefined,
        });
        const error = await db.fetchVal('SELECT int4range(1, 5)').catch((thrown: Error) => thrown);
        expect(error).toBeInstanceOf(DecodeError);
        expect(error.message).toContain('at .lower: malformed range value');
        expect(await db.fetchVal('SELECT int4range(NULL, NULL)')).toEqual(new Range());
      }
    });

    test('that throw reject their call alone', async () => {
      const db = await open();
      await db.setTypeCodec('mood', {
        schema: SCHEMA,
        encoder: () => {
          throw new Error('no encoding today');
        },
        decoder: () => {
          throw new Error('no decoding today');
        },
      });
      const [bad, encoded, good] = await Promise.allSettled([
        db.fetch("SELECT 'ok'::mood FROM generate_series(1, 1000)"),
        echo(db, 'mood', 'ok'),
        db.fetchVal('SELECT 7'),
      ]);
      expect(String((bad as PromiseRejectedResult).reason)).toMatch('no decoding today');
      const { reason } = encoded as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(InvalidArgumentError);
      expect(reason.message).toBe(
        'invalid input for query argument $1 (mood): the encoder of mood failed: no encoding today',
      );
      expect(String(reason.cause)).toMatch('no encoding today');
      expect(good).toEqual({ status: 'fulfilled', value: 7 });
    });

    test.each([
      ['an object without a text', Object.create(null), 'a value that has no text'],
      ['an error without a readable message', hiddenError(), 'a value that has no text'],
      ['a symbol', Symbol('sorry'), 'Symbol(sorry)'],
    ])('may throw %s', async (_, thrown, message) => {
      const db = await open();
      const fail = (): never => {
        throw thrown;
      };
      await db.setTypeCodec('mood', { schema: SCHEMA, encoder: fail, decoder: fail });
      await expect(db.fetch("SELECT 'ok'::mood")).rejects.toThrow(message);
      await expect(echo(db, 'mood', 'ok')).rejects.toThrow(message);
      expect(await db.fetchVal('SELECT 7')).toBe(7);
    });

    test.each([
      ['mood', null, 'the codec of type mood must be an object, got null'],
      ['mood', String, 'the codec of type mood must be an object, got a function'],
      [16, {}, 'the name of a type must be a string, got the number 16'],
    ])('are refused unless they are objects for a name: %s, %s', async (name, codec, message) => {
      const db = await open();
      for (const call of [
        db.setTypeCodec(name as string, codec as unknown as TypeCodec),
        db.setBuiltinTypeCodec(name as string, codec as unknown as { codecName: string }),
        db.resetTypeCodec(name as string, codec as unknown as { schema: string }),
      ]) {
        await expect(call).rejects.toThrow(message);
        await expect(call).rejects.toBeInstanceOf(InvalidArgumentError);
      }
    });

    test('are refused with names that are no strings, and what there is no option for', async () => {
      const db = await open();
      const wrong = { schema: 7, encoder: String } as unknown as TypeCodec;
      for (const [call, message] of [
        [db.setTypeCodec('mood', wrong), 'the schema of a type must be a string, got the number 7'],
        [
          db.resetTypeCodec('mood', { schema: 7 as never }),
          'the schema of a type must be a string',
        ],
        [db.setBuiltinTypeCodec('mood', {} as never), 'codecName must be a string, got undefined'],
        [db.resetTypeCodec('mood', { schem: SCHEMA } as never), 'has no option "schem"'],
        [
          db.setBuiltinTypeCodec('mood', { schem: SCHEMA, codecName: 'text' } as never),
          'has no option "schem"',
        ],
      ] as const) {
        await expect(call).rejects.toThrow(message);
        await expect(call).rejects.toBeInstanceOf(InvalidArgumentError);
      }
    });

    test('declared in the options are refused at once, or when their type turns out not to fit', async () => {
      const decoder = (text: unknown): unknown => text;
      const wrong: Record<string, unknown>[] = [
        { int4range: { schema: 'pg_catalog', decoder } },
        { nope: { schema: 'pg_catalog', decoder } },
        // Without a schema they are for types in `public`, and none of PostgreSQL's own is there.
        { numeric: { decoder } },
        { 'timestamp with time zone': { codecName: 'text' } },
        { mood: { codecName: 'nope' } },
        { mood: {} },
        { mood: { decoder: 'x' } },
        { mood: { decoder, format: 'json' } },
        { mood: { decoder, codecName: 'text' } },
        { mood: { decode: decoder } },
        { mood: null },
      ];
      for (const codecs of wrong) {
        const options = { codecs } as unknown as ConnectOptions;
        await expect(connect(dsn(), options)).rejects.toThrow(ClientConfigurationError);
      }
      for (const [name, hint] of [
        ['public.mood', 'For the type "mood" of the schema "public", give "mood" and the option'],
        ['mood[]', `An array's elements are read and written by the codec of their type: "mood".`],
        ['int4[][]', 'by the codec of their type: "int4".'],
      ] as const) {
        const declared = connect(dsn(), { codecs: { [name]: { decoder } } });
        await expect(declared).rejects.toThrow(ClientConfigurationError);
        await expect(declared).rejects.toThrow(hint);
      }
      const db = await open({ codecs: { mood_range: { ...wrapping, schema: SCHEMA } } });
      await expect(db.fetchVal("SELECT '[sad,ok]'::mood_range")).rejects.toThrow(
        'neither a scalar type nor a composite type',
      );
      expect(await db.fetchVal('SELECT 1')).toBe(1);
    });
  });
});
