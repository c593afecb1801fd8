import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type ConnectOptions, connect, createPool, type LoggedQuery } from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { greeting, SETTINGS } from '../support/fakes/puppet.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { conversationStream, converse, distinct, over, script } from './conversation.ts';

const PASSWORD = 'x9-hunter2-Zq';
const CANCEL_KEY = randomBytes(16);

/** Every form in which a secret could be told. */
const SECRETS: readonly string[] = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64').slice(0, 14),
  Buffer.from(PASSWORD).toString('hex'),
  CANCEL_KEY.toString('hex'),
  CANCEL_KEY.toString('base64').slice(0, 20),
  CANCEL_KEY.toString('latin1'),
  inspect(CANCEL_KEY).slice(8, -1),
];

function everythingIn(value: unknown): string {
  const parts = [
    inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null }),
  ];
  for (const print of [String, JSON.stringify]) {
    try {
      parts.push(print(value) ?? '');
    } catch {
      // What cannot be printed this way tells nothing this way.
    }
  }
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(error.message, error.stack ?? '');
  }
  return parts.join('\n');
}

function checkSecrecy(value: unknown): void {
  const text = everythingIn(value);
  for (const secret of SECRETS) expect(text.includes(secret), secret).toBe(false);
}

async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}

const options = (stream: FakeStream, more: ConnectOptions = {}): ConnectOptions =>
  over(stream as PuppetStream, { password: PASSWORD, ...more });

const GREETING = { greeting: greeting(SETTINGS, CANCEL_KEY) };

describe('the password and the cancel key', () => {
  test('are in nothing that a connection or a pool shows of itself', async () => {
    const connection = await connect(options(new PuppetStream(GREETING)));
    const pool = await createPool({
      ...options(new PuppetStream(GREETING)),
      minSize: 1,
      maxSize: 1,
    });
    const statement = await connection.prepare('select prepared');
    const transaction = await connection.begin();
    for (const value of [
      connection,
      statement,
      transaction,
      connection.settings,
      pool,
      pool.stats,
    ]) {
      checkSecrecy(value);
    }
    connection.terminate();
    pool.terminate();
    checkSecrecy(connection);
    checkSecrecy(pool);
  });

  test('are in no query that is logged', async () => {
    const connection = await connect(options(new PuppetStream(GREETING)));
    const logged: LoggedQuery[] = [];
    connection.addQueryLogger((query) => logged.push(query));
    await connection.execute('select 1');
    await expect.poll(() => logged).toHaveLength(1);
    checkSecrecy(logged);
    connection.terminate();
  });

  const DSNS: readonly string[] = [
    `postgres://ada:${PASSWORD}@`,
    `postgres://ada:${PASSWORD}@host:port/shop`,
    `postgres://ada:${PASSWORD}@host:1/shop?sslmode=perhaps`,
    `postgres://ada:${PASSWORD}@[::1/shop`,
    `postgres://ada:${PASSWORD}@host:99999/shop`,
    `postgres://ada:${PASSWORD}%zz@host/shop`,
    `postgres://ada:${PASSWORD}@host/shop?password=${PASSWORD}&nonsense=%`,
    `postgres://ada:${PASSWORD}@host/shop?require_auth=all`,
    `host=h password=${PASSWORD} sslmode=perhaps`,
    `host=h password='${PASSWORD}`,
    `host=h password=${PASSWORD} =`,
    `password = ${PASSWORD} port=x`,
    `mysql://ada:${PASSWORD}@host/shop`,
  ];

  test.for(DSNS.map((dsn) => [dsn.replaceAll(PASSWORD, '…'), dsn] as const))(
    'are in no complaint about the DSN %s',
    async ([, dsn]) => {
      const error = await outcomeOf(connect(dsn, { timeout: 1000, dial: () => new FakeStream() }));
      expect(error).toBeInstanceOf(Error);
      checkSecrecy(error);
    },
  );

  test.for([
    { password: `${PASSWORD}\0` },
    { password: 5 as unknown as string },
    { password: () => `${PASSWORD}\0` },
    { password: () => ({ secret: PASSWORD }) as unknown as string },
  ])('are in no complaint about the password itself', async (wrong) => {
    const stream = new FakeStream((to) =>
      to.say(
        encoded((writer) =>
          writeAuthentication(writer, { method: 'MD5Password', salt: Buffer.from('salt') }),
        ),
      ),
    );
    const error = await outcomeOf(connect(options(stream, wrong)));
    expect(error).toBeInstanceOf(Error);
    checkSecrecy(error);
  });

  test('are in no error of a server that refuses them', async () => {
    const refusal = encoded((writer) =>
      writeErrorResponse(writer, { severity: 'FATAL', sqlstate: '28P01', message: 'wrong' }),
    );
    for (const method of ['MD5Password', 'SASL'] as const) {
      const stream = new FakeStream((to, chunk) => {
        if (chunk[0] === 0x70) to.say(refusal, null);
        else {
          to.say(
            encoded((writer) =>
              writeAuthentication(
                writer,
                method === 'SASL'
                  ? { method, mechanisms: ['SCRAM-SHA-256'] }
                  : { method, salt: Buffer.from('salt') },
              ),
            ),
          );
        }
      });
      const error = await outcomeOf(connect(options(stream)));
      expect(error).toMatchObject({ sqlstate: '28P01' });
      checkSecrecy(error);
    }
  });

  test('are in no error of a conversation that breaks off anywhere', async () => {
    const key = Buffer.from('key!');
    for (const { index } of distinct(await script(), 1)) {
      const stream = conversationStream({
        tamper: (message, at) =>
          at === index ? { chunks: [message.subarray(0, 3)], end: true } : null,
      });
      const { outcomes, connection } = await converse(stream);
      for (const outcome of outcomes.values()) {
        const text = everythingIn('error' in outcome ? outcome.error : outcome.value);
        expect(text.includes('correct horse')).toBe(false);
        expect(text.includes(key.toString('hex'))).toBe(false);
      }
      expect(everythingIn(connection).includes('correct horse')).toBe(false);
    }
  });
});
