import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import { writeCopyData } from '../../src/protocol/copy.ts';
import { CopyBlock, copyLongWords, copyShortWords } from '../../src/protocol/copy-block.ts';
import { HEADER_LENGTH } from '../../src/protocol/message-type.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

function messages(each: readonly Uint8Array[]): MessageWriter {
  const writer = new MessageWriter();
  for (const body of each) writeCopyData(writer, body);
  return writer;
}

function received(writer: MessageWriter): Buffer {
  return Buffer.from(writer.written);
}

describe('a block of COPY data', () => {
  test('gets the bodies of all messages that follow each other', () => {
    fc.assert(
      fc.property(bodies, fc.nat(20), (each, before) => {
        const bytes = Buffer.concat([Buffer.alloc(before), received(messages(each))]);
        const block = new CopyBlock(6000);
        expect(block.appendRun(bytes, before, bytes.length)).toBe(bytes.length);
        expect(block.filled.equals(Buffer.concat(each))).toBe(true);
      }),
    );
  });

  test('stops where a message is not whole, and where one has no room', () => {
    fc.assert(
      fc.property(bodies, fc.nat(6000), fc.nat(6000), (each, cut, size) => {
        const bytes = received(messages(each));
        const limit = Math.min(cut, bytes.length);
        const block = new CopyBlock(size);
        const end = block.appendRun(bytes, 0, limit);
        let at = 0;
        let used = 0;
        const fits = each.findIndex((body) => {
          const next = at + HEADER_LENGTH + body.length;
          if (next > limit || used + body.length > size) return true;
          at = next;
          used += body.length;
          return false;
        });
        const taken = fits === -1 ? each : each.slice(0, fits);
        expect(end).toBe(at);
        expect(block.filled.equals(Buffer.concat(taken))).toBe(true);
        expect(block.space).toBe(size - used);
      }),
    );
  });

  test('stops at another message, and at one of an impossible length', () => {
    const writer = messages([Buffer.from('one'), Buffer.from('two')]);
    const whole = writer.offset;
    writeCommandComplete(writer, 'COPY 2');
    const block = new CopyBlock(100);
    expect(block.appendRun(received(writer), 0, writer.offset)).toBe(whole);
    expect(block.filled.toString()).toBe('onetwo');
    for (const length of [3, -1, 0x7fffffff]) {
      const malformed = received(messages([Buffer.from('x')]));
      malformed.writeInt32BE(length, 1);
      expect(new CopyBlock(100).appendRun(malformed, 0, malformed.length)).toBe(0);
    }
  });
});

test.each([
  ['64 bits', copyLongWords],
  ['32 bits', copyShortWords],
])('words of %s are copied from anywhere to anywhere', (_, copy) => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.nat(9), (body, before, at) => {
      const from = Buffer.concat([Buffer.alloc(before, 1), body, Buffer.alloc(9, 2)]);
      const to = Buffer.alloc(80, 3);
      const view = (of: Buffer): DataView => new DataView(of.buffer, of.byteOffset, of.length);
      copy(view(from), before, before + body.length, view(to), at);
      const expected = Buffer.alloc(80, 3);
      expected.set(body, at);
      expect(to.equals(expected)).toBe(true);
    }),
  );
});
