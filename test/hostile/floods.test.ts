import { describe, expect, test, vi } from 'vitest';
import { connect, ProtocolError, TimeoutError } from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { writeNoticeResponse } from '../../src/protocol/backend/response.ts';
import { writeDataRow } from '../../src/protocol/backend/result.ts';
import {
  writeNotificationResponse,
  writeParameterStatus,
} from '../../src/protocol/backend/session.ts';
import { Framer } from '../../src/protocol/framer.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { over } from './conversation.ts';

const MEBIBYTE = 1024 * 1024;

/** A stream on which the server goes on saying the same for as long as anybody listens. */
class Flood {
  readonly stream: FakeStream;
  bytes = 0;
  readonly #limit: number;

  constructor(stream: FakeStream, limit: number = 64 * MEBIBYTE) {
    this.stream = stream;
    this.#limit = limit;
  }

  async pour(next: (count: number) => Buffer): Promise<void> {
    for (let count = 0; !this.stream.destroyed && this.bytes < this.#limit; count++) {
      const chunk = next(count);
      this.bytes += chunk.length;
      this.stream.push(chunk);
      await new Promise(setImmediate);
    }
  }
}

/** Many times the same message, as one chunk of some 64 KiB. */
function chunkOf(write: (writer: MessageWriter) => void): Buffer {
  const one = encoded(write);
  return Buffer.concat(Array.from({ length: Math.ceil(65_536 / one.length) }, () => one));
}

function parameters(count: number): Buffer {
  return encoded((writer) => {
    for (let i = 0; i < 500; i++) writeParameterStatus(writer, `p${count}_${i}`, 'x'.repeat(100));
  });
}

const notice = chunkOf((writer) =>
  writeNoticeResponse(writer, { severity: 'NOTICE', sqlstate: '00000', message: 'psst' }),
);
const setting = chunkOf((writer) => writeParameterStatus(writer, 'TimeZone', 'UTC'));

describe('a flood before the client is let in', () => {
  const OK = encoded((writer) => writeAuthentication(writer, { method: 'Ok' }));

  test.for<readonly [string, Buffer, (count: number) => Buffer]>([
    ['of notices before AuthenticationOk', Buffer.alloc(0), () => notice],
    ['of settings before AuthenticationOk', Buffer.alloc(0), () => setting],
    ['of notices after it', OK, () => notice],
    ['of one setting after it', OK, () => setting],
    ['of many settings after it', OK, parameters],
  ])('ends the attempt after a few hundred KiB: %s', async ([, first, next]) => {
    const flood = new Flood(new FakeStream());
    const attempt = connect(over(new PuppetStream(), { dial: () => flood.stream })).catch(
      (error: unknown) => error,
    );
    await new Promise(setImmediate);
    if (first.length > 0) flood.stream.push(first);
    await flood.pour(next);
    expect(await attempt).toBeInstanceOf(ProtocolError);
    expect(flood.bytes).toBeLessThan(MEBIBYTE);
  });
});

describe('a flood in answer to a query', () => {
  const RESULTS = { 'select silent': { columns: [['x', 25]], silent: true } } as const;

  const HARMLESS: Readonly<Record<string, () => Buffer>> = {
    notices: () => notice,
    'one setting': () => setting,
    notifications: () =>
      chunkOf((writer) =>
        writeNotificationResponse(writer, { pid: 1, channel: 'news', payload: 'x' }),
      ),
  };

  test.for(Object.entries(HARMLESS))(
    'of %s costs no memory, keeps no other from running, and ends with the call’s time',
    async ([, next]) => {
      const stream = new PuppetStream({ results: RESULTS });
      const connection = await connect(over(stream));
      let heard = 0;
      connection.addLogListener(() => {
        heard += 1;
      });
      const call = connection
        .fetch({ text: 'select silent', timeout: 300 })
        .catch((error: unknown) => error);
      const before = process.memoryUsage();
      const flood = new Flood(stream);
      let over300 = false;
      void call.then(() => {
        over300 = true;
      });
      await flood.pour(() => (over300 ? end(stream) : next()));
      expect(await call).toBeInstanceOf(TimeoutError);
      const { arrayBuffers } = process.memoryUsage();
      expect(arrayBuffers - before.arrayBuffers).toBeLessThan(32 * MEBIBYTE);
      expect(heard === 0 || heard > 1000).toBe(true);
      connection.terminate();
    },
  );

  test('of ever new settings ends the connection', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const call = connection.fetch('select silent').catch((error: unknown) => error);
    await new Promise(setImmediate);
    const flood = new Flood(stream);
    await flood.pour(parameters);
    expect(await call).toBeInstanceOf(ProtocolError);
    expect(flood.bytes).toBeLessThan(MEBIBYTE);
    expect(Object.keys(connection.settings).length).toBeLessThan(500);
  });

  test('of a message that is announced and does not come takes no memory for it', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const call = connection.fetch('select silent').catch((error: unknown) => error);
    await new Promise(setImmediate);
    const before = process.memoryUsage().arrayBuffers;
    // A DataRow of nearly a GiB, of which a few bytes come.
    stream.say(encoded((writer) => writeDataRow(writer, [])).fill(0x3f, 1, 2), Buffer.alloc(1000));
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MEBIBYTE);
    connection.terminate();
    await call;
  });
});

describe('a message that comes in thousands of pieces', () => {
  test('takes memory in proportion to what has come of it', () => {
    const SIZE = 16 * MEBIBYTE;
    const message = encoded((writer) => writeDataRow(writer, [Buffer.alloc(SIZE, 7)]));
    let allocated = 0;
    let arrived = 0;
    const { allocUnsafeSlow } = Buffer;
    vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
      allocated += size;
      expect(size).toBeLessThanOrEqual(Math.max(1024, 2 * arrived));
      return allocUnsafeSlow(size);
    });
    let rows = 0;
    const framer = new Framer({
      message: () => expect.unreachable(),
      copyData: () => expect.unreachable(),
      stretch: () => {},
      dataRow: (buffer, start, end) => {
        rows += 1;
        expect(message.subarray(5).equals(buffer.subarray(start, end))).toBe(true);
      },
    });
    framer.phase = 'ready';
    for (let at = 0; at < message.length; at += 4096) {
      const chunk = message.subarray(at, at + 4096);
      arrived += chunk.length;
      framer.feed(chunk, chunk.length);
    }
    expect(rows).toBe(1);
    // Doubled each time it was too small: were it copied for each piece, this would be 32 GiB.
    expect(allocated).toBeLessThan(4 * SIZE);
  });
});

function end(stream: PuppetStream): Buffer {
  stream.destroy();
  return Buffer.alloc(0);
}
