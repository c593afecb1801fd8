import { bench, group, do_not_optimize as keep } from 'mitata';
import { Framer } from '../../src/protocol/framer.ts';
import { Backend, HEADER_LENGTH } from '../../src/protocol/message-type.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

function messages(type: number, size: number): Buffer {
  const writer = new MessageWriter();
  const body = Buffer.alloc(size, 'a');
  while (writer.offset + size + 5 <= 64 * 1024) {
    writer.begin(type);
    writer.bytes(body);
    writer.end();
  }
  return Buffer.from(writer.written);
}

/** Walks messages, adding up their sizes, in chunks of a given size. */
function walker(bytes: Buffer, chunkSize: number): () => number {
  let total = 0;
  const count = (_buffer: Buffer, start: number, end: number): void => {
    total += end - start;
  };
  const framer = new Framer({
    message: (_type, buffer, start, end) => count(buffer, start, end),
    dataRow: count,
    copyData(buffer, at, end) {
      count(buffer, at + HEADER_LENGTH, end);
      return end;
    },
    stretch() {},
  });
  framer.phase = 'ready';
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkSize) {
    chunks.push(Buffer.from(bytes.subarray(at, at + chunkSize)));
  }
  return () => {
    total = 0;
    for (const chunk of chunks) framer.feed(chunk, chunk.length);
    return total;
  };
}

group('framer: 64 KiB of messages', () => {
  for (const [name, type] of [
    ['DataRow', Backend.DataRow],
    ['CopyData', Backend.CopyData],
  ] as const) {
    for (const size of [16, 64, 1000]) {
      const whole = walker(messages(type, size), 64 * 1024);
      bench(`${name} of ${size} bytes, whole`, () => keep(whole()));
    }
    const cut = walker(messages(type, 64), 1460);
    bench(`${name} of 64 bytes, in chunks of 1,460`, () => keep(cut()));
  }
});
