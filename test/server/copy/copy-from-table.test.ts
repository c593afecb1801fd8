import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  connect,
  type PostgresError,
  UndefinedTableError,
} from '../../../src/index.ts';
import { collector, connectWithThreeGoods, expectUsable, SERIES } from '../../support/copy.ts';
import { serverDsn } from '../../support/servers/server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithThreeGoods();
});
afterEach(() => connection.close());

describe('a table', () => {
  test('with columns, schema and options', async () => {
    const { output, text } = collector();
    const tag = await connection.copyFromTable('goods', {
      output,
      schema: 'pg_temp',
      columns: ['name', 'id'],
      format: 'csv',
      header: true,
      delimiter: ';',
      null: 'NONE',
      quote: "'",
      escape: '\\',
      forceQuote: ['name'],
    });
    expect(tag).toBe('COPY 3');
    expect(text()).toBe("name;id\n'apple';1\n'bärry';2\nNONE;3\n");
  });

  test('in another encoding', async () => {
    const chunks: Buffer[] = [];
    await connection.copyFromTable('goods', {
      output: (chunk) => void chunks.push(chunk),
      encoding: 'LATIN1',
      format: 'csv',
      forceQuote: true,
    });
    expect(Buffer.concat(chunks).toString('latin1')).toBe('"1","apple"\n"2","bärry"\n"3",\n');
  });

  test.each(['text', 'csv', 'binary'] as const)('goes out and in again as %s', async (format) => {
    const file = path.join(folder, `round trip.${format}`);
    await connection.execute(`CREATE TEMP TABLE again (LIKE goods);
      INSERT INTO goods SELECT n, 'x' || chr(n) || '\\"'',;' FROM generate_series(1, 1000) n`);
    expect(await connection.copyFromTable('goods', { output: file, format })).toBe('COPY 1003');
    expect(await connection.copyToTable('again', { source: file, format })).toBe('COPY 1003');
    const difference = 'SELECT count(*) FROM (TABLE goods EXCEPT ALL TABLE again) d';
    expect(await connection.fetchVal(difference)).toBe(0n);
  });

  test('from one connection straight into another', async () => {
    await using other = await connect(serverDsn());
    await other.execute('CREATE TEMP TABLE target (n int)');
    const pipe = new PassThrough();
    const tags = await Promise.all([
      connection.copyFromQuery(SERIES, { output: pipe, format: 'binary' }),
      other.copyToTable('target', { source: pipe, format: 'binary' }),
    ]);
    expect(tags).toEqual(['COPY 300000', 'COPY 300000']);
    expect(await other.fetchVal('SELECT sum(n) FROM target')).toBe(45_000_150_000n);
  });

  test('that is not there: the server’s error, with the statement', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    const error = await connection
      .copyFromTable('now"here', { output })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UndefinedTableError);
    expect((error as PostgresError).query).toBe('COPY "now""here" TO STDOUT');
    expect(output.destroyed).toBe(true);
    expect(output.errored).toBe(error);
    await expectUsable(connection);
  });
});
