import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import { type Connection, connect, UnsupportedServerFeatureError } from '../../../src/index.ts';
import { connectWithGoods, GOODS_TEXT, goodsOf } from '../../support/copy.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

let connection: Connection;

beforeEach(async () => {
  connection = await connectWithGoods();
});
afterEach(() => connection.close());

describe('options', () => {
  test('are those of COPY', async () => {
    const source = ['name;id\n', `'it''s';1\n`, 'NONE;2\n', `'NONE';3\n`];
    const tag = await connection.copyToTable('goods', {
      source,
      format: 'csv',
      columns: ['name', 'id'],
      header: true,
      delimiter: ';',
      quote: "'",
      escape: "'",
      null: 'NONE',
      encoding: 'UTF8',
    });
    expect(tag).toBe('COPY 3');
    expect(await goodsOf(connection)).toEqual([
      { id: 1, name: "it's" },
      { id: 2, name: null },
      { id: 3, name: 'NONE' },
    ]);
  });

  test('where leaves rows out', async () => {
    const tag = await connection.copyToTable('goods', { source: [GOODS_TEXT], where: 'id > 1' });
    expect(tag).toBe('COPY 1');
    await connection.execute('DELETE FROM goods');
    const commented = { source: [GOODS_TEXT], where: "name <> ';' -- all; of them\n;" };
    expect(await connection.copyToTable('goods', commented)).toBe('COPY 2');
  });

  test('header match checks the names', async () => {
    await expect(
      connection.copyToTable('goods', { source: ['id\tnom\n'], header: 'match' }),
    ).rejects.toMatchObject({ sqlstate: '22P04' });
  });

  test('default, onError and rejectLimit', async () => {
    await connection.execute("ALTER TABLE goods ALTER name SET DEFAULT 'unnamed'");
    const tag = await connection.copyToTable('goods', {
      source: ['1\t-\n', 'x\ty\n', '2\tb\n'],
      default: '-',
      onError: 'ignore',
      rejectLimit: 1,
    });
    expect(tag).toBe('COPY 2');
    expect(await goodsOf(connection)).toEqual([
      { id: 1, name: 'unnamed' },
      { id: 2, name: 'b' },
    ]);
  });

  test('logVerbosity', async () => {
    const notices: string[] = [];
    connection.addLogListener((message) => notices.push(message.message));
    const load = (logVerbosity: 'verbose' | 'silent') =>
      connection.copyToTable('goods', { source: ['x\ty\n'], onError: 'ignore', logVerbosity });
    await load('verbose');
    expect(notices[0]).toContain('skipping row due to data type incompatibility');
    notices.length = 0;
    await load('silent');
    await connection.fetchVal('SELECT 1');
    expect(notices).toEqual([]);
  });

  test('forceNull, forceNotNull and freeze', async () => {
    await connection.transaction(async (tx) => {
      await tx.execute('CREATE TEMP TABLE fresh (a text, b text)');
      await tx.copyToTable('fresh', {
        source: ['"",\n'],
        format: 'csv',
        forceNull: ['a'],
        forceNotNull: ['b'],
        freeze: false,
      });
      expect(await tx.fetchRow('SELECT * FROM fresh')).toEqual({ a: null, b: '' });
    });
  });

  test('forceNull and forceNotNull of all columns', async () => {
    await connection.execute('CREATE TEMP TABLE fresh (a text, b text)');
    const source = ['"",\n'];
    await connection.copyToTable('fresh', { source, format: 'csv', forceNull: true });
    await connection.copyToTable('fresh', { source, format: 'csv', forceNotNull: true });
    expect(await connection.fetch('SELECT * FROM fresh')).toEqual([
      { a: null, b: null },
      { a: '', b: '' },
    ]);
  });

  test('names are quoted, whatever they hold', async () => {
    await connection.execute(
      'CREATE SCHEMA "sch""ema"; CREATE TABLE "sch""ema"."ta.b""le" ("co""l" int, "x"", y" int)',
    );
    try {
      const tag = await connection.copyToTable('ta.b"le', {
        schema: 'sch"ema',
        columns: ['x", y', 'co"l'],
        source: ['1\t2\n'],
      });
      expect(tag).toBe('COPY 1');
      expect(await connection.fetchRow('SELECT * FROM "sch""ema"."ta.b""le"')).toEqual({
        'co"l': 2,
        'x", y': 1,
      });
    } finally {
      await connection.execute('DROP SCHEMA "sch""ema" CASCADE');
    }
  });

  test.each<[string, object]>([
    ['format', { format: 'xml' }],
    ['header', { header: 'yes' }],
    ['columns', { columns: 'id' }],
    ['a column', { columns: [''] }],
    ['a column', { columns: ['a\0b'] }],
    ['delimiter', { delimiter: 5 }],
    ['onError', { onError: 'stop)' }],
    ['rejectLimit', { rejectLimit: '1' }],
    ['freeze', { freeze: 1 }],
    ['schema', { schema: '' }],
    ['where', { where: true }],
    ['where', { where: 'id > 1; DELETE FROM goods' }],
  ])('that make no sense as %s are refused before anything is sent', async (_, options) => {
    const { session } = connection[CLIENT]('a test');
    const { flushes } = session.outbox;
    await expect(
      connection.copyToTable('goods', { source: [GOODS_TEXT], ...options }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentError' });
    expect(session.outbox.flushes).toBe(flushes);
  });

  test.each<[object, string]>([
    [{ header: 'MATCH' }, "header must be true, false or 'match'"],
    [{ forceQuote: 'id' }, 'forceQuote must be true or an array of column names'],
    [{ forceNull: 'id' }, 'forceNull must be true or an array of column names'],
    [{ forceNotNull: false }, 'forceNotNull must be true or an array of column names'],
  ])('tell which values there are: %j', async (options, message) => {
    await expect(
      connection.copyToTable('goods', { source: [GOODS_TEXT], ...options }),
    ).rejects.toThrow(message);
  });

  test.skipIf(!hasServer(15))('that the server does not know yet are refused', async () => {
    await using old = await connect(serverDsn(15));
    await old.execute('CREATE TEMP TABLE goods (id int, name text)');
    for (const options of [
      { default: '-' },
      { onError: 'ignore' as const },
      { rejectLimit: 3, onError: 'ignore' as const },
      { format: 'csv' as const, forceNull: true as const },
      { format: 'csv' as const, forceNotNull: true as const },
    ]) {
      await expect(
        old.copyToTable('goods', { source: [GOODS_TEXT], ...options }),
      ).rejects.toBeInstanceOf(UnsupportedServerFeatureError);
    }
    const tag = await old.copyToTable('goods', {
      source: ['id\tname\n', GOODS_TEXT],
      header: 'match',
    });
    expect(tag).toBe('COPY 2');
  });

  test('strings are refused where they would be read as something else', async () => {
    for (const options of [{ format: 'binary' as const }, { encoding: 'LATIN1' }]) {
      await expect(
        connection.copyToTable('goods', { source: ['1\tä\n'], ...options }),
      ).rejects.toThrow(/chunk 0 of the source is a string/);
    }
    await connection.copyToTable('goods', {
      source: Buffer.from('1\tä\n', 'latin1'),
      encoding: 'LATIN1',
    });
    expect(await goodsOf(connection)).toEqual([{ id: 1, name: 'ä' }]);
  });

  test('onProgress tells the bytes so far', async () => {
    const seen: number[] = [];
    const source = Array.from({ length: 20_000 }, (_, id) => `${id}\tsome thing\n`);
    await connection.copyToTable('goods', {
      source,
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(source.join('').length);
  });
});
