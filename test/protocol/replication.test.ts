import { describe, expect, test } from 'vitest';
import { InvalidArgumentError, ProtocolError } from '../../src/errors/client-errors.ts';
import { MessageReader } from '../../src/protocol/reader.ts';
import { lsnText, parseLsn } from '../../src/protocol/replication/lsn.ts';
import { type PgOutputSink, readPgOutput } from '../../src/protocol/replication/pgoutput.ts';
import {
  dateOf,
  protocolTime,
  readKeepalive,
  readStatusUpdate,
  readXLogHeader,
  Walsender,
  writeKeepalive,
  writeStatusUpdate,
  writeXLogData,
} from '../../src/protocol/replication/walsender.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { PGOUTPUT_SAMPLES } from './replication-samples.ts';

function written(write: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter();
  write(writer);
  return Buffer.from(writer.written);
}

/** A sink that notes which of its methods are called. */
function recorder(): { sink: PgOutputSink; calls: string[] } {
  const calls: string[] = [];
  const sink = new Proxy({} as PgOutputSink, {
    get: (_, name) => () => calls.push(String(name)),
  });
  return { sink, calls };
}

describe.each(PGOUTPUT_SAMPLES.map((sample) => [sample.name, sample] as const))(
  '%s',
  (_name, sample) => {
    const message = written(sample.write);

    test('is read as it was written', () => {
      const reader = new MessageReader(message, 1, message.length);
      expect(sample.read(reader)).toEqual(sample.value);
    });

    test('reaches the sink', () => {
      const { sink, calls } = recorder();
      readPgOutput(message, 0, message.length, false, sink);
      // A Type is read and dropped: types are asked for.
      expect(calls).toHaveLength(sample.name === 'Type' ? 0 : 1);
    });

    test('is refused when it is cut or too long', () => {
      for (let end = 1; end < message.length; end++) {
        if (end === sample.openFrom) continue;
        const cut = (): unknown => sample.read(new MessageReader(message, 1, end));
        expect(cut, `cut at ${end} of ${message.length}`).toThrow(ProtocolError);
      }
      const longer = Buffer.concat([message, Buffer.from([0])]);
      const reader = new MessageReader(longer, 1, longer.length);
      expect(() => sample.read(reader)).toThrow(ProtocolError);
    });
  },
);

test('an unknown or empty message of pgoutput is a ProtocolError', () => {
  const { sink, calls } = recorder();
  expect(() => readPgOutput(Buffer.from('?'), 0, 1, false, sink)).toThrow(
    "pgoutput sent the unknown message '?'",
  );
  expect(() => readPgOutput(Buffer.alloc(0), 0, 0, false, sink)).toThrow(ProtocolError);
  expect(calls).toEqual([]);
});

test('XLogData, keepalive and status update are read as they were written', () => {
  const header = { start: 1n, end: 0xffff_ffff_ffff_ffffn, time: -5n };
  const data = written((writer) => writeXLogData(writer, header, Buffer.from('data')));
  const reader = new MessageReader(data, 1, data.length);
  expect([data[0], readXLogHeader(reader), reader.rest().toString()]).toEqual([
    Walsender.XLogData,
    header,
    'data',
  ]);

  const keepalive = { end: 7n, time: 8n, wantsReply: true };
  const alive = written((writer) => writeKeepalive(writer, keepalive));
  expect(readKeepalive(new MessageReader(alive, 1, alive.length))).toEqual(keepalive);

  const status = { written: 3n, flushed: 2n, applied: 1n, time: 4n, wantsReply: false };
  const update = written((writer) => writeStatusUpdate(writer, status));
  expect(readStatusUpdate(new MessageReader(update, 5, update.length))).toEqual(status);
  expect(() => readStatusUpdate(new MessageReader(alive, 0, alive.length))).toThrow(ProtocolError);
});

test('positions in the log and times', () => {
  for (const text of ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF']) {
    expect(lsnText(parseLsn(text))).toBe(text);
  }
  expect(parseLsn('16/b374d848')).toBe(0x16_b374_d848n);
  for (const text of ['', '1', '1/', '/1', '1/123456789', 'x/1', '1/1 ']) {
    expect(() => parseLsn(text)).toThrow(InvalidArgumentError);
  }
  expect(dateOf(protocolTime(Date.UTC(2026, 10, 28)))).toEqual(new Date('2026-11-28T00:00:00Z'));
  expect(dateOf(0n)).toEqual(new Date('2000-01-01T00:00:00Z'));
});
