import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import {
  BitString,
  type Connection,
  type CopyOutOptions,
  connect,
  Interval,
  InvalidArgumentError,
  PostgresError,
  Range,
  sql,
  UndefinedTableError,
} from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

let connection: Connection;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-copy-out-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  connection = await connect(serverDsn());
  await connection.execute(`CREATE TEMP TABLE goods (id int, name text);
    INSERT INTO goods VALUES (1, 'apple'), (2, 'bärry'), (3, NULL)`);
});
afterEach(() => connection.close());

const TEXT = '1\tapple\n2\tbärry\n3\t\\N\n';
const SERIES = 'SELECT n FROM generate_series(1, 300000) n';
const SERIES_TEXT = Array.from({ length: 300_000 }, (_, n) => `${n + 1}\n`).join('');
// In the select list, not in FROM, where the server would gather all rows first.
const ENDLESS = 'SELECT generate_series(1, 1000000000)';

/** Gathers what a function sink gets. */
function collector(): { output: (chunk: Buffer) => void; text: () => string; sizes: number[] } {
  const chunks: Buffer[] = [];
  const sizes: number[] = [];
  return {
    output: (chunk) => {
      chunks.push(chunk);
      sizes.push(chunk.length);
    },
    text: () => Buffer.concat(chunks).toString(),
    sizes,
  };
}

async function copied(query: Parameters<Connection['copyFromQuery']>[0]): Promise<string> {
  const { output, text } = collector();
  await connection.copyFromQuery(query, { output });
  return text();
}

async function expectUsable(): Promise<void> {
  expect(await connection.fetchVal('SELECT count(*) FROM goods')).toBe(3n);
}

describe('an output is', () => {
  test('a path; the file is created', async () => {
    const output = path.join(folder, 'created');
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(await readFile(output, 'utf8')).toBe(TEXT);
  });

  test('a file URL; the file is overwritten', async () => {
    const file = path.join(folder, 'over written');
    await writeFile(file, 'something else, and longer than the table is');
    await connection.copyFromTable('goods', { output: pathToFileURL(file) });
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });

  test('a Writable, which is ended', async () => {
    const output = new PassThrough();
    const read = output.setEncoding('utf8').toArray();
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(output.writableFinished).toBe(true);
    expect((await read).join('')).toBe(TEXT);
    expect(output.listenerCount('drain')).toBe(0);
  });

  test('a slow Writable, which gets no more than it takes', async () => {
    let text = '';
    let most = 0;
    const output: Writable = new Writable({
      highWaterMark: 1024,
      write(chunk: Buffer, _, callback) {
        most = Math.max(most, output.writableLength);
        text += chunk.toString('latin1');
        setImmediate(callback);
      },
    });
    expect(await connection.copyFromQuery(SERIES, { output })).toBe('COPY 300000');
    expect(text).toBe(SERIES_TEXT);
    expect(most).toBeLessThanOrEqual(64 * 1024);
  });

  test('a WritableStream, which is closed', async () => {
    const chunks: Uint8Array[] = [];
    let closed = false;
    const output = new WritableStream<Uint8Array>({
      write(chunk) {
        chunks.push(chunk);
      },
      close() {
        closed = true;
      },
    });
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(closed).toBe(true);
    expect(Buffer.concat(chunks).toString()).toBe(TEXT);
  });

  test('a function, called with blocks that are its own', async () => {
    const { output, text, sizes } = collector();
    expect(await connection.copyFromQuery(SERIES, { output })).toBe('COPY 300000');
    expect(text()).toBe(SERIES_TEXT);
    expect(Math.max(...sizes)).toBe(64 * 1024);
    expect(sizes.slice(0, -1).every((size) => size === 64 * 1024)).toBe(true);
  });

  test('an asynchronous function, called for one block at a time', async () => {
    let text = '';
    let running = 0;
    const output = async (chunk: Buffer): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      text += chunk.toString();
      running -= 1;
    };
    await connection.copyFromQuery(SERIES, { output });
    expect(text).toBe(SERIES_TEXT);
  });

  test('never called for nothing', async () => {
    const { output, sizes } = collector();
    expect(await connection.copyFromQuery('SELECT 1 WHERE false', { output })).toBe('COPY 0');
    expect(sizes).toEqual([]);
  });

  test('given rows longer than a block', async () => {
    const { output, text } = collector();
    await connection.copyFromQuery("SELECT repeat('x', 5000000) FROM generate_series(1, 2)", {
      output,
    });
    expect(text()).toBe(`${'x'.repeat(5_000_000)}\n`.repeat(2));
  });

  test.each([[5], [null], [undefined], [{}], [''], [[]], [new URL('ftp://example.org/')]])(
    'not %s: a TypeError, and nothing is sent',
    async (output) => {
      const { session } = connection[CLIENT]('a test');
      const { flushes } = session.outbox;
      await expect(
        connection.copyFromTable('goods', { output: output as unknown as string }),
      ).rejects.toThrow(TypeError);
      expect(session.outbox.flushes).toBe(flushes);
    },
  );

  test('not a stream that has ended, nor a locked one', async () => {
    const ended = new PassThrough().end();
    const locked = new WritableStream();
    locked.getWriter();
    for (const output of [ended, locked]) {
      await expect(connection.copyFromTable('goods', { output })).rejects.toThrow(TypeError);
    }
  });
});

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
    await expectUsable();
  });
});

describe('the arguments of a query', () => {
  test.each<[string, unknown, string, string]>([
    ['text', 'it\'s \\ $1 "', "SELECT $1 || '$1'", 'it\'s \\\\ $1 "$1\n'],
    ['null', null, 'SELECT $1::int IS NULL', 't\n'],
    ['int4', -5, 'SELECT 3 - $1::int', '8\n'],
    ['int8', 2n ** 62n, 'SELECT $1::int8', '4611686018427387904\n'],
    ['numeric', '-0.50', 'SELECT -$1::numeric', '0.50\n'],
    ['float8', 0.1 + 0.2, 'SELECT $1::float8', '0.30000000000000004\n'],
    ['NaN', Number.NaN, 'SELECT $1::float8', 'NaN\n'],
    ['bool', false, 'SELECT NOT $1', 't\n'],
    ['bytea', Buffer.from([0, 1, 255]), "SELECT encode($1, 'hex')", '0001ff\n'],
    ['an array', [1, null, 3], 'SELECT ($1::int[])[3], $1[1]', '3\t1\n'],
    [
      'a text array',
      ['a"b', 'c,d', "e'f"],
      "SELECT $1::text[] = ARRAY['a\"b', 'c,d', 'e''f']",
      't\n',
    ],
    ['jsonb', { a: "'" }, "SELECT $1::jsonb->>'a'", "'\n"],
    ['a date', '2024-02-29', 'SELECT $1::date + 1', '2024-03-01\n'],
    [
      'an interval',
      new Interval({ months: 1, days: 0, microseconds: 0n }),
      "SELECT date '2024-01-31' + $1::interval",
      '2024-02-29 00:00:00\n',
    ],
    ['a range', new Range(1, 5), 'SELECT upper($1::int4range)', '5\n'],
    [
      'bits',
      new BitString('1011'),
      "SELECT length(b) FROM (SELECT * FROM (SELECT b'1011'::bit(4)) v(b)) w WHERE b = $1",
      '4\n',
    ],
    ['char', 'abc', "SELECT 'ok' WHERE 'abc'::char(3) = $1", 'ok\n'],
    [
      'char, blanks at its end included',
      'a  ',
      "SELECT '<' || format('%s', $1::bpchar) || '>'",
      '<a  >\n',
    ],
    ['"char"', 'f', "SELECT 'a' WHERE 'f'::\"char\" = $1", 'a\n'],
  ])('of type %s', async (_, arg, text, expected) => {
    expect(await copied({ text, args: [arg] })).toBe(expected);
  });

  test('many at once, in any order, with comments and strings between them', async () => {
    const text = `SELECT $2::int, '$1', $1 /* $3 */, "$3" -- $1
      FROM (SELECT $3::text AS "$3") _ -- the end;
      ;`;
    expect(await copied({ text, args: ['a', 2, "c'"] })).toBe("2\t$1\ta\tc'\n");
  });

  test('of more than 832, which is as many as a select list could hold in pairs', async () => {
    const args = Array.from({ length: 1500 }, (_, index) => index);
    const sum = args.map((_, index) => `$${index + 1}::int`).join(' + ');
    expect(await copied({ text: `SELECT ${sum}`, args })).toBe(`${(1499 * 1500) / 2}\n`);
  });

  test('of the sql tag', async () => {
    expect(await copied(sql`SELECT name FROM goods WHERE id = ${2} AND name = ${'bärry'}`)).toBe(
      'bärry\n',
    );
  });

  test('with standard_conforming_strings off', async () => {
    await connection.execute(
      'SET standard_conforming_strings = off; SET escape_string_warning = off',
    );
    expect(await copied({ text: "SELECT '\\'$1', $1", args: ["a\\b'c"] })).toBe("'$1\ta\\\\b'c\n");
  });

  test('of a user’s types, in a schema that is not on the search_path', async () => {
    await connection.execute(`CREATE SCHEMA "my types"; CREATE TYPE "my types"."Mood" AS ENUM ('it''s fine');
      CREATE DOMAIN "my types".small AS int CHECK (VALUE < 10)`);
    try {
      expect(
        await copied({
          text: 'SELECT $1::"my types"."Mood", $2::"my types".small + 1',
          args: ["it's fine", 5],
        }),
      ).toBe("it's fine\t6\n");
    } finally {
      await connection.execute('DROP SCHEMA "my types" CASCADE');
    }
  });

  test('through the codecs that are set, which are no concern of our own queries', async () => {
    await connection.setTypeCodec('text', {
      schema: 'pg_catalog',
      encoder: (text: string) => `<${text}>`,
      decoder: () => 'nonsense',
    });
    expect(await copied({ text: 'SELECT $1::text', args: ['a'] })).toBe('<a>\n');
  });

  test('too few, too many or wrong are refused', async () => {
    const { output } = collector();
    for (const args of [[1, 2, 3], [1]]) {
      await expect(
        connection.copyFromQuery({ text: 'SELECT $1::int, $2::int', args }, { output }),
      ).rejects.toMatchObject({ name: 'InterfaceError' });
    }
    await expect(
      connection.copyFromQuery({ text: 'SELECT $1::int, $2::int', args: [1, 'x'] }, { output }),
    ).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(
      connection.copyFromQuery({ text: 'SELEC $1', args: [1] }, { output }),
    ).rejects.toMatchObject({ sqlstate: '42601' });
    await expectUsable();
  });
});

test('a query may end in a semicolon or a comment', async () => {
  expect(await copied('SELECT 1; -- one')).toBe('1\n');
  expect(await copied('SELECT 1 -- one')).toBe('1\n');
  expect(await copied('VALUES (1), (2) /* two */ ;;')).toBe('1\n2\n');
  expect(await copied('DELETE FROM goods WHERE id > 1 RETURNING id')).toBe('2\n3\n');
});

describe('when the sink fails', () => {
  const failure = new Error('the sink is full');

  test.each([0, 1, 5])('as a function, after %d blocks', async (count) => {
    let calls = 0;
    const output = (): void => {
      calls += 1;
      if (calls > count) throw failure;
    };
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    await expectUsable();
    expect(calls).toBe(count + 1);
  });

  test('as a function, with the last block', async () => {
    const output = (): Promise<void> => Promise.reject(failure);
    await expect(connection.copyFromTable('goods', { output })).rejects.toBe(failure);
    await expectUsable();
  });

  test('as a Writable in the middle', async () => {
    let blocks = 0;
    const output = new Writable({
      write(_, __, callback) {
        blocks += 1;
        callback(blocks === 3 ? failure : null);
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    expect(output.destroyed).toBe(true);
    await expectUsable();
  });

  test('as a Writable at its end', async () => {
    const output = new Writable({
      write: (_, __, callback) => callback(),
      final: (callback) => callback(failure),
    });
    await expect(connection.copyFromTable('goods', { output })).rejects.toBe(failure);
    await expectUsable();
  });

  test('as a Writable that is destroyed by somebody else', async () => {
    const output = new Writable({
      write() {
        output.destroy();
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toMatchObject({
      code: 'ERR_STREAM_PREMATURE_CLOSE',
    });
    await expectUsable();
  });

  test('as a WritableStream', async () => {
    const output = new WritableStream<Uint8Array>({
      write() {
        throw failure;
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    await expectUsable();
  });

  test('as a file in a folder that is not there', async () => {
    await expect(
      connection.copyFromTable('goods', { output: path.join(folder, 'no', 'file') }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    await expectUsable();
  });

  test('by onProgress', async () => {
    const onProgress = (): never => {
      throw failure;
    };
    const { output } = collector();
    await expect(connection.copyFromQuery(ENDLESS, { output, onProgress })).rejects.toBe(failure);
    await expectUsable();
  });
});

describe('when the COPY fails', () => {
  const FAILS_LATE = 'SELECT 1 / (200000 - n) FROM generate_series(1, 1000000) n';

  test('in the middle, the error is the server’s and the output is destroyed with it', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    output.resume();
    const error = await connection
      .copyFromQuery(FAILS_LATE, { output })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ sqlstate: '22012' });
    expect(output.errored).toBe(error);
    await expectUsable();
  });

  test('a Writable without a listener for errors does not end the process', async () => {
    const output = new PassThrough();
    output.resume();
    await expect(connection.copyFromQuery(FAILS_LATE, { output })).rejects.toThrow(PostgresError);
    await new Promise((resolve) => setImmediate(resolve));
    await expectUsable();
  });

  test('a WritableStream is aborted with the error', async () => {
    let reason: unknown;
    const output = new WritableStream<Uint8Array>({
      abort(why) {
        reason = why;
      },
    });
    const error = await connection
      .copyFromQuery(FAILS_LATE, { output })
      .catch((failure: unknown) => failure);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reason).toBe(error);
  });

  test('by an abort, at once, even when the sink hangs', async () => {
    const controller = new AbortController();
    const output = (): Promise<void> => {
      controller.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    await expect(
      connection.copyFromQuery(ENDLESS, { output, signal: controller.signal }),
    ).rejects.toThrow('enough');
    await expectUsable();
  });

  test('by its time-out, and no block is handed on any more', async () => {
    let calls = 0;
    const output = async (): Promise<void> => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await expect(connection.copyFromQuery(ENDLESS, { output, timeout: 150 })).rejects.toMatchObject(
      { name: 'TimeoutError' },
    );
    const before = calls;
    await expectUsable();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(calls).toBe(before);
  });

  test('by an abort while the last block is written', async () => {
    const controller = new AbortController();
    const output = (): Promise<void> => {
      setImmediate(() => controller.abort(new Error('too late? no')));
      return new Promise(() => undefined);
    };
    await expect(
      connection.copyFromTable('goods', { output, signal: controller.signal }),
    ).rejects.toThrow('too late? no');
    await expectUsable();
  });

  test('by an abort before it began, the output is destroyed and nothing sent', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    const reason = new Error('early');
    await expect(
      connection.copyFromTable('goods', { output, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    await expectUsable();
  });

  test('by the end of the connection', async () => {
    await using other = await connect(serverDsn());
    const pid = connection.serverPid;
    let first = true;
    const output = new Writable({
      write(_, __, callback) {
        if (first) void other.execute(`SELECT pg_terminate_backend(${pid})`);
        first = false;
        callback();
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toThrow();
    expect(output.destroyed).toBe(true);
    expect(connection.isClosed).toBe(true);
  });
});

test('a sink may call the same connection: the call follows the COPY', async () => {
  const calls: Promise<unknown>[] = [];
  await connection.copyFromQuery(SERIES, {
    output: () => {
      calls.push(connection.fetchVal('SELECT 1'));
    },
  });
  expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
});

test('calls reach the server in the order in which they were made', async () => {
  await connection.execute('CREATE TEMP SEQUENCE turn');
  const { output, text } = collector();
  const file = path.join(folder, 'order');
  const [, , third] = await Promise.all([
    connection.copyFromQuery("SELECT nextval('turn')", { output: file }),
    connection.copyFromQuery({ text: "SELECT nextval('turn') + $1", args: [0n] }, { output }),
    connection.fetchVal("SELECT nextval('turn')"),
  ]);
  expect([await readFile(file, 'utf8'), text(), third]).toEqual(['1\n', '2\n', 3n]);
});

test('the sink runs in its caller’s asynchronous context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string | undefined>();
  const call = (name: string): Promise<string> =>
    storage.run(name, () =>
      connection.copyFromQuery(SERIES, { output: () => void seen.add(storage.getStore()) }),
    );
  await Promise.all([call('one'), call('two')]);
  expect([...seen]).toEqual(['one', 'two']);
});

test('an onProgress that rejects later becomes a process warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const { output } = collector();
  const onProgress = async (): Promise<never> => {
    throw new Error('too late');
  };
  expect(await connection.copyFromQuery('SELECT 1', { output, onProgress })).toBe('COPY 1');
  await expect.poll(() => warnings.length).toBe(1);
  expect(warnings[0]).toMatchObject({
    name: 'AsyncpgCallbackWarning',
    message: 'an onProgress callback failed: too late',
  });
});

test('onProgress tells the bytes so far', async () => {
  const seen: number[] = [];
  const { output } = collector();
  const options: CopyOutOptions = { output, onProgress: ({ bytes }) => seen.push(bytes) };
  await connection.copyFromQuery(SERIES, options);
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.at(-1)).toBe(SERIES_TEXT.length);
});

test('a slow sink stops the server: memory does not grow with the result', async () => {
  const before = process.memoryUsage.rss();
  let blocks = 0;
  const controller = new AbortController();
  const output = async (): Promise<void> => {
    blocks += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (blocks === 100) controller.abort(new Error('seen enough'));
  };
  await expect(
    connection.copyFromQuery("SELECT repeat('x', 100000), generate_series(1, 100000)", {
      output,
      signal: controller.signal,
    }),
  ).rejects.toThrow('seen enough');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
  await expectUsable();
});

test('a million rows leave no more memory in use than a few blocks of them', async () => {
  const query = (count: number): string =>
    `SELECT n, 'the name of the thing number ' || n FROM generate_series(1, ${count}) n`;
  const file = path.join(folder, 'many');
  await connection.copyFromQuery(query(100_000), { output: file });
  const before = process.memoryUsage.rss();
  expect(await connection.copyFromQuery(query(1_000_000), { output: file })).toBe('COPY 1000000');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
});
