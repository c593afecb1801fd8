import { expect, it } from 'vitest';
import { CODECS, RESULT } from '../../../src/client/internals.ts';
import { TEXT } from '../../../src/codecs/codec.ts';
import type { CallCodecs } from '../../../src/codecs/codec-source.ts';
import type { Queryable } from '../../../src/index.ts';
import {
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';
import { TextCodecs } from '../../support/fakes/text-codecs.ts';

const INT8 = 20;

/** Every value as the server's text. */
const allText: CallCodecs = new TextCodecs();

/** int8 as a tagged text, every other type as the session has it. */
const taggedInt8: CallCodecs = {
  codec: (oid) => (oid === INT8 ? tagged : undefined),
};
const tagged = {
  type: { oid: INT8, name: 'int8', kind: 'scalar', schema: 'pg_catalog' },
  text: { decode: (text: string) => `<${text}>`, encode: (value: unknown) => String(value) },
  binary: null,
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: null,
} as const;

type Call = { args?: unknown[]; prepare?: boolean; codecs?: CallCodecs };

async function rowsOf(target: Queryable, text: string, call: Call = {}): Promise<unknown> {
  const { args = [], prepare, codecs } = call;
  const query = { text, args, prepare, rows: 'array', [CODECS]: codecs } as const;
  return (await target[RESULT](query)).rows;
}

describeEach('the codecs of a single call', (version) => {
  it('write its arguments and read its rows, and no other call’s of the same text', async () => {
    const c = await open(version);
    const text = 'SELECT $1::int8 + 1, $2::int4[], $3::timestamptz, NULL::bool';
    const given = ['41', '{1,2}', '2024-05-06 07:08:09.123456+02'];
    await c.execute("SET TIME ZONE 'UTC'");
    for (const prepare of [true, false]) {
      for (let i = 0; i < 2; i++) {
        expect(await rowsOf(c, text, { args: given, prepare, codecs: allText })).toEqual([
          ['42', '{1,2}', '2024-05-06 05:08:09.123456+00', null],
        ]);
        const time = new Date('2024-05-06T05:08:09.123Z');
        expect(await rowsOf(c, text, { args: [41n, [1, 2], time], prepare })).toEqual([
          [42n, [1, 2], time, null],
        ]);
        const args = [41, [1, 2], time];
        expect(await rowsOf(c, text, { args, prepare, codecs: taggedInt8 })).toEqual([
          ['<42>', [1, 2], time, null],
        ]);
      }
    }
  });

  it('hold in a transaction, where calls travel together', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      const text = 'SELECT 7::int8';
      const rows = await Promise.all([
        rowsOf(tx, text, { codecs: taggedInt8 }),
        rowsOf(tx, text),
        rowsOf(tx, text, { codecs: allText }),
      ]);
      expect(rows).toEqual([[['<7>']], [[7n]], [['7']]]);
    });
  });

  it('read the last result of a script', async () => {
    const c = await open(version);
    const rows = await rowsOf(c, 'SELECT 1; SELECT 2::int8, 3', { codecs: taggedInt8 });
    expect(rows).toEqual([['<2>', 3]]);
  });

  it('are asked for types that the server’s users have made', async () => {
    const c = await openWithSchema(version);
    await c.execute(
      `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (a int8, b mood)`,
    );
    const text = `SELECT $1::mood, ARRAY[$1::mood], ROW(1, 'glad')::pair`;
    expect(await rowsOf(c, text, { args: ['sad'], codecs: allText })).toEqual([
      ['sad', '{sad}', '(1,glad)'],
    ]);
    expect(await rowsOf(c, text, { args: ['sad'], codecs: taggedInt8 })).toEqual([
      ['sad', ['sad'], { a: 1n, b: 'glad' }],
    ]);
  });

  it('are left alone by what the session learns and its user sets', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int8, b int4); INSERT INTO t VALUES (1, 2)');
    const both = async () => [
      await rowsOf(c, 'SELECT * FROM t', { codecs: taggedInt8 }),
      await rowsOf(c, 'SELECT * FROM t'),
    ];
    expect(await both()).toEqual([[['<1>', 2]], [[1n, 2]]]);
    await c.setTypeCodec('int8', {
      schema: 'pg_catalog',
      decoder: (text) => `set ${text}`,
      encoder: String,
    });
    expect(await both()).toEqual([[['<1>', 2]], [['set 1', 2]]]);
    await c.execute('ALTER TABLE t ALTER b TYPE int8');
    expect(await both()).toEqual([[['<1>', '<2>']], [['set 1', 'set 2']]]);
  });

  it('read the columns that an unnamed statement has by now', async () => {
    const c = await openWithSchema(version);
    const other = await openBeside(c, version);
    await c.execute('CREATE TABLE t (a int8); INSERT INTO t VALUES (1)');
    const call = { codecs: taggedInt8, prepare: false };
    expect(await rowsOf(c, 'SELECT * FROM t', call)).toEqual([['<1>']]);
    await other.execute('ALTER TABLE t ADD b int8 DEFAULT 2');
    expect(await rowsOf(c, 'SELECT * FROM t', call)).toEqual([['<1>', '<2>']]);
  });

  it('refuse an argument before anything is sent', async () => {
    const c = await open(version);
    const bad = {
      toString: () => {
        throw new Error('no text');
      },
    };
    const error = await failure(rowsOf(c, 'SELECT $1::int8', { args: [bad], codecs: allText }));
    expect(error.message).toMatch('invalid input for query argument $1');
    expect(await rowsOf(c, 'SELECT $1::int8', { args: [1n], codecs: allText })).toEqual([['1']]);
  });
});
