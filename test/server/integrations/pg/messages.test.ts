import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { both, config, onClients, plain, settled } from './both.ts';

const MESSAGES = [
  'message',
  'parseComplete',
  'bindComplete',
  'noData',
  'rowDescription',
  'dataRow',
  'portalSuspended',
  'commandComplete',
  'emptyQuery',
  'errorMessage',
  'readyForQuery',
];
const WITH_OPTIONS: readonly object[] = [{}, { prepare: true }, { pipeline: true }];

/** The fields of a message by their names, whose order is nobody's business. */
function sorted(message: any): unknown {
  return Object.fromEntries(Object.entries(message).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Queries of all kinds, one after the other, and what comes of them. */
async function outcomesOf(client: any): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const query of [
    'SELECT 1 AS a, NULL AS b',
    { text: 'SELECT $1::int4 AS a', values: [7] },
    { text: 'SELECT $1::int4 AS a', values: [8], rowMode: 'array' },
    { name: 'kept', text: 'SELECT $1::text AS b', values: ['x'] },
    { name: 'kept', text: 'SELECT $1::text AS b', values: ['y'] },
    'SELECT 1 AS a; SELECT 2 AS b',
    '',
    'SELECT nothing',
    { text: 'SELECT $1::int4 AS a', values: ['no number'] },
    'SELECT 1 AS a',
  ]) {
    outcomes.push(await settled(client.query(query)));
    // An error may be told before the server waits.
    while (!client.readyForQuery) await setImmediate();
  }
  return outcomes;
}

describe('messages of the server', () => {
  test("of the client's own queries are told to who listens to the connection", async () => {
    const [, told] = await onClients(async (client) => {
      const log: any[] = [];
      for (const name of MESSAGES) {
        client.connection.on(name, (message: any) => {
          log.push([name, message instanceof Error ? plain(message) : sorted(message)]);
        });
      }
      client.on('drain', () => log.push(['drain']));
      return [await outcomesOf(client), log] as const;
    });
    expect(told.slice(0, 5).map(([name]) => name)).toEqual([
      'message',
      'rowDescription',
      'message',
      'dataRow',
      'message',
    ]);
  });

  test('are told to who begins and ends to listen between queries', async () => {
    const told = await onClients(async (client) => {
      const tags: string[] = [];
      const listener = ({ text }: any): unknown => tags.push(text);
      await client.query('SELECT 1');
      client.connection.on('commandComplete', listener);
      await client.query('SELECT 1 UNION ALL SELECT 2');
      client.connection.off('commandComplete', listener);
      await client.query('SELECT 1');
      client.connection.once('commandComplete', listener);
      await client.query('SET application_name = $$a$$');
      await client.query('SELECT 1');
      return tags;
    });
    expect(told).toEqual(['SELECT 2', 'SET']);
  });

  test('that the server waits, before the client and after it', async () => {
    await both(async ({ Client }) => {
      const log: unknown[] = [];
      const client: any = new Client(config());
      const hear = (name: string): void => {
        client.connection.on('readyForQuery', ({ status }: any) => log.push([name, status]));
      };
      hear('before');
      client.on('connect', () => log.push('connect'));
      client.on('drain', () => log.push('drain'));
      await client.connect();
      hear('after');
      await client.query('BEGIN');
      await client.query('SELECT 1');
      await client.query('ROLLBACK');
      client.connection.removeAllListeners('message');
      client.connection.once('readyForQuery', () => log.push(client.readyForQuery));
      log.push(await settled(client.query('SELECT 1')));
      await client.end();
      return log;
    });
  });
});

/** Puts a method in the place of one of Result's for as long as a scenario takes. */
async function patched(
  { Result }: any,
  method: string,
  change: (original: (...args: any[]) => any) => (this: any, ...args: any[]) => any,
  play: () => Promise<unknown>,
): Promise<unknown> {
  const original = Result.prototype[method];
  Result.prototype[method] = change(original);
  try {
    return await play();
  } finally {
    Result.prototype[method] = original;
  }
}

describe('methods of Result in whose place another was put', () => {
  test.each(WITH_OPTIONS)('parseRow makes the rows: %o', async (options) => {
    const outcomes: any = await onClients(async (client, module) => {
      const change = (original: any) =>
        function parseRow(this: any, values: any): any {
          return { ...original.call(this, values), seen: values.length };
        };
      const during = await patched(module, 'parseRow', change, () => outcomesOf(client));
      return [during, await outcomesOf(client)];
    }, options);
    expect(outcomes[0][0].rows).toEqual([{ a: 1, b: null, seen: 2 }]);
    expect(outcomes[1][0].rows).toEqual([{ a: 1, b: null }]);
  });

  test.each(WITH_OPTIONS)('addRow, addFields and the others are asked: %o', async (options) => {
    await onClients(async (client, module) => {
      const log: unknown[] = [];
      for (const method of ['_parseRowAsArray', 'addRow', 'addFields', 'addCommandComplete']) {
        const change = (original: any) =>
          function told(this: any, ...args: any[]): any {
            log.push([method, args.length]);
            return original.apply(this, args);
          };
        log.push(await patched(module, method, change, () => outcomesOf(client)));
      }
      return log;
    }, options);
  });
});
