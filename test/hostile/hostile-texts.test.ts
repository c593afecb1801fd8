import { describe, expect, test } from 'vitest';
import {
  type Connection,
  connect,
  createPool,
  InvalidArgumentError,
  type Notification,
} from '../../src/index.ts';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import {
  writeNotificationResponse,
  writeParameterStatus,
} from '../../src/protocol/backend/session.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { greeting, SETTINGS } from '../support/fakes/puppet.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { over } from './conversation.ts';

const NAMES = [
  ...['__proto__', 'constructor', 'toString', 'then', 'toJSON', 'length', '0', '', ' '],
  ...['"', "'", '\\', '`', '${x}', '\n', '\u0001', '\u2028', '\ud83d\ude00', 'x'.repeat(63)],
] as const;

/** What the client knows by names must not be known to every object. */
function checkPrototypes(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

describe('a setting that the server reports', () => {
  test.for(NAMES)('is read back under its name: %j', async (name) => {
    const hostile = Object.fromEntries([
      ...Object.entries(SETTINGS),
      [name === '__proto__' ? '' : name, 'polluted'],
    ]);
    const messages = greeting(hostile);
    const later = encoded((writer) => writeParameterStatus(writer, name, 'polluted'));
    const stream = new PuppetStream({
      greeting: [...messages.slice(0, -1), later, messages.at(-1)!],
    });
    const connection = await connect(over(stream));
    expect(Object.getOwnPropertyDescriptor(connection.settings, name)?.value).toBe('polluted');
    expect(Object.getPrototypeOf(connection.settings)).toBeNull();
    checkPrototypes();
    await connection.close();
  });
});

describe('the version that a server tells', () => {
  test.for(['', 'NaN', '-1', '__proto__', '9'.repeat(400), '17.0 (evil)', '\n', '٣.٤'])(
    'may be any, and ends nothing but the attempt: %j',
    async (version) => {
      const stream = new PuppetStream({
        greeting: greeting({ ...SETTINGS, server_version: version }),
      });
      const outcome = await connect(over(stream)).then(
        (connection: Connection) => {
          const { major, minor } = connection.serverVersion;
          expect(Number.isSafeInteger(major) && Number.isSafeInteger(minor)).toBe(true);
          connection.terminate();
          return 'in';
        },
        (error: Error) => error.name,
      );
      expect(['in', 'ProtocolError', 'UnsupportedServerFeatureError']).toContain(outcome);
    },
  );
});

describe('a notification', () => {
  test.for(NAMES.filter((name) => name !== ''))(
    'reaches those who listen on its channel and nobody else: %j',
    async (name) => {
      const stream = new PuppetStream();
      const connection = await connect(over(stream));
      const heard: unknown[] = [];
      await connection.addListener(name, ({ channel, payload }: Notification) => {
        heard.push([channel, payload]);
      });
      for (const channel of NAMES) {
        stream.say(
          encoded((writer) =>
            writeNotificationResponse(writer, { pid: 1, channel, payload: name }),
          ),
        );
      }
      await connection.execute('select 1');
      for (let i = 0; i < 40; i++) await new Promise(setImmediate);
      expect(heard).toEqual([[name, name]]);
      await connection.close();
    },
  );
});

describe('a command tag', () => {
  test.for(NAMES)('is given as it is: %j', async (tag) => {
    const stream = new PuppetStream(
      {},
      {
        tamper: (message) =>
          message[0] === 0x43
            ? { chunks: [encoded((writer) => writeCommandComplete(writer, tag))] }
            : null,
      },
    );
    const connection = await connect(over(stream));
    expect(await connection.execute('anything')).toBe(tag);
    connection.terminate();
  });
});

test.for(["select '\ud800'", 'select $65536'])(
  'a batch is refused before a byte is sent for what one of its queries is refused for: %j',
  async (text) => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    const before = stream.received.length;
    await expect(connection.batch(['select 1', text])).rejects.toThrow(InvalidArgumentError);
    expect(stream.received.length).toBe(before);
    expect(await connection.execute('select 1')).toBe('select');
    await connection.close();
  },
);

describe('a text with a NUL, which would end it on the wire,', () => {
  const CALLS: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
    'a query': (c) => c.fetch('select\0'),
    'a query with arguments': (c) => c.fetch('select $1\0', 1),
    'a script': (c) => c.execute('select 1;\0'),
    'a query that is not prepared': (c) => c.fetch({ text: 'select\0', prepare: false }),
    'a batch': (c) => c.batch(['select 1', 'select\0']),
    'many sets': (c) => c.executeMany('insert\0', [[]]),
    'a stream': async (c) => {
      for await (const row of c.stream('select\0')) void row;
    },
    'a statement’s name': (c) => c.prepare('select 1', { name: 'a\0b' }),
    'a statement’s text': (c) => c.prepare('select\0'),
    'a channel': (c) => c.addListener('a\0b', () => {}),
    'a notification’s channel': (c) => c.notify('a\0b'),
    'a notification’s payload': (c) => c.notify('a', 'b\0'),
    'a table to copy from': (c) => c.copyFromTable('a\0b', { output: () => {} }),
    'a query to copy from': (c) => c.copyFromQuery('select\0', { output: () => {} }),
    'a table to copy to': (c) => c.copyToTable('a\0b', { source: [] }),
    'a column to copy to': (c) => c.copyToTable('a', { columns: ['b\0'], source: [] }),
    'an option of COPY': (c) => c.copyToTable('a', { null: '\0', source: [] }),
    'the condition of a COPY': (c) => c.copyToTable('a', { where: 'b\0', source: [] }),
    'a type of which the codec is set': (c) =>
      c.setTypeCodec('a\0b', { encoder: String, decoder: String }),
  };

  test.for(Object.entries(CALLS))('is refused before a byte is sent: %s', async ([, call]) => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    const before = stream.received.length;
    await expect(call(connection)).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:InvalidArgument|Interface|ClientConfiguration)Error$/),
    });
    expect(stream.received.length).toBe(before);
    expect(await connection.execute('select 1')).toBe('select');
    await connection.close();
  });

  const OPTIONS: Readonly<Record<string, object>> = {
    user: { user: 'a\0user\0admin' },
    database: { database: 'a\0b' },
    password: { password: 'a\0b' },
    applicationName: { applicationName: 'a\0b' },
    'the name of a server setting': { serverSettings: { 'a\0b': 'c' } },
    'the value of a server setting': { serverSettings: { a: 'b\0c' } },
  };

  test.for(Object.entries(OPTIONS))(
    'is refused before anybody is dialled: %s',
    async ([, wrong]) => {
      let dialled = 0;
      const dial = (): FakeStream => {
        dialled += 1;
        return new FakeStream();
      };
      const options = { ...over(new PuppetStream()), dial, ...wrong };
      await expect(connect(options)).rejects.toMatchObject({ name: 'ClientConfigurationError' });
      await expect(createPool(options)).rejects.toMatchObject({ name: 'ClientConfigurationError' });
      expect(dialled).toBe(0);
    },
  );
});
