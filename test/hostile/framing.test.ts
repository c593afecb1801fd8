import { beforeAll, describe, expect, test } from 'vitest';
import { Backend } from '../../src/protocol/message-type.ts';
import type { Tamper } from '../support/fakes/puppet-stream.ts';
import {
  type Conversation,
  conversationStream,
  converse,
  distinct,
  type Line,
  script,
  told,
} from './conversation.ts';
import { interfere, isProtocolError } from './interference.ts';

let unbroken: Conversation;
let lines: Line[];

beforeAll(async () => {
  unbroken = await converse(conversationStream());
  lines = await script();
});

/** What nobody looks at: the data of a COPY may be any, some rows and tags are not wanted. */
const UNREAD: Readonly<Record<string, string>> = {
  script: 'D',
  'execute many': 'C',
  cursor: 'C',
  'copy out': 'd',
};

function looked(all: readonly Line[]): Line[] {
  return distinct(all).filter(({ type, step }) => UNREAD[step] !== type);
}

function withLength(message: Buffer, length: number): Buffer {
  const changed = Buffer.from(message);
  changed.writeInt32BE(length, 1);
  return changed;
}

/** Thousands of conversations: seconds alone, more beside other tests. */
const MANY = { timeout: 120_000 };

describe('the server’s byte stream', MANY, () => {
  test('has every message that a server sends, in the conversation of these tests', () => {
    const types = new Set(lines.map(({ type }) => type));
    const missing = Object.values(Backend)
      .map((type) => String.fromCharCode(type))
      .filter((type) => !types.has(type));
    // CopyBothResponse is for replication only.
    expect(missing).toEqual(['W']);
    expect([...unbroken.outcomes].filter(([, outcome]) => 'error' in outcome)).toHaveLength(1);
  });

  test('means the same in chunks of any size, byte by byte too', async () => {
    for (let chunkSize = 1; chunkSize <= 40; chunkSize++) {
      const cut = await converse(conversationStream({ chunkSize }));
      expect(told(cut), `chunks of ${chunkSize} bytes`).toEqual(told(unbroken));
    }
  });

  test('means the same wherever each message is cut in two', async () => {
    const longest = Math.max(...lines.map(({ message }) => message.length));
    for (let cut = 1; cut < longest; cut++) {
      const tamper: Tamper = (message) => ({
        chunks: [message.subarray(0, cut), message.subarray(cut)],
      });
      expect(told(await converse(conversationStream({ tamper })))).toEqual(told(unbroken));
    }
  });

  test('ends every call in order when it breaks off, after any byte of any message', async () => {
    for (const { index, message } of distinct(lines)) {
      for (let length = 0; length < message.length; length++) {
        const error = await interfere(unbroken, index, () => ({
          chunks: [message.subarray(0, length)],
          end: true,
        }));
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});

describe('a message of the server', MANY, () => {
  test('is a protocol error when its body ends too early', async () => {
    for (const { index, message, type } of looked(lines)) {
      for (let length = 5; length < message.length; length++) {
        const cut = withLength(message.subarray(0, length), length - 1);
        const error = await interfere(unbroken, index, () => ({ chunks: [cut] }));
        expect(error, `${type} with ${length - 5} bytes`).toSatisfy(isProtocolError);
      }
    }
  });

  test('is a protocol error when bytes follow its end', async () => {
    for (const { index, message, type } of looked(lines)) {
      // The key may be longer.
      if (type === 'K') continue;
      const longer = withLength(Buffer.concat([message, Buffer.from([0])]), message.length);
      const error = await interfere(unbroken, index, () => ({ chunks: [longer] }));
      expect(error, type).toSatisfy(isProtocolError);
    }
  });

  test.for([0, 1, 2, 3, -1, -0x80000000, 0x7fffffff, 0x40000000])(
    'is a protocol error at once when its length word is %i',
    async (length) => {
      for (const { index, message, type } of distinct(lines)) {
        // Nothing follows: an error that waited for the rest would never come.
        const error = await interfere(unbroken, index, () => ({
          chunks: [withLength(message, length)],
          mute: true,
        }));
        expect(error, type).toSatisfy(isProtocolError);
      }
    },
  );

  test('is a protocol error at once when its type is unknown', async () => {
    const known = new Set<number>(Object.values(Backend));
    const places = distinct(lines).filter(({ type }) => 'RZ2D'.includes(type));
    for (let type = 0; type < 256; type++) {
      if (known.has(type)) continue;
      const { index } = places[type % places.length]!;
      const error = await interfere(unbroken, index, () => ({
        chunks: [Buffer.from([type, 0, 0, 0, 100])],
        mute: true,
      }));
      expect(error, `type ${type}`).toSatisfy(isProtocolError);
    }
  });
});
