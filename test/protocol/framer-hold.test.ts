import { describe, expect, test } from 'vitest';
import { Framer, type MessageSink } from '../../src/protocol/framer.ts';
import { HEADER_LENGTH } from '../../src/protocol/message-type.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

const COPY_DATA = 0x64;
const NOTICE = 0x4e;

/** CopyData and others in turn, of different lengths. */
function messages(count: number): { bytes: Buffer; bodies: string[] } {
  const writer = new MessageWriter();
  const bodies: string[] = [];
  for (let i = 0; i < count; i++) {
    const body = `${i}:${'x'.repeat((i * 7) % 23)}`;
    writer.begin(i % 5 === 4 ? NOTICE : COPY_DATA);
    writer.bytes(Buffer.from(body));
    writer.end();
    bodies.push(body);
  }
  return { bytes: Buffer.from(writer.written), bodies };
}

/** Has enough behind every `every`th CopyData, or wants it once more. */
class HoldingSink implements MessageSink {
  readonly got: string[] = [];
  readonly framer: Framer;
  readonly #every: number;
  readonly #again: boolean;
  #seen = 0;

  constructor(every: number, again: boolean) {
    this.#every = every;
    this.#again = again;
    this.framer = new Framer(this);
    this.framer.phase = 'ready';
  }

  stretch(): void {}

  dataRow(): void {}

  message(_type: number, buffer: Buffer, start: number, end: number): void {
    this.got.push(buffer.toString('latin1', start, end));
  }

  copyData(buffer: Buffer, at: number, end: number): number {
    this.#seen += 1;
    const holds = this.#seen % this.#every === 0;
    if (holds) this.framer.hold();
    if (holds && this.#again) return at;
    this.got.push(buffer.toString('latin1', at + HEADER_LENGTH, end));
    return end;
  }
}

/** Feeds it as an inbox does: what is not taken comes again. */
function feedAll(sink: HoldingSink, bytes: Buffer, size: number): void {
  for (let from = 0; from < bytes.length; from += size) {
    let rest = bytes.subarray(from, from + size);
    for (let holds = 0; ; holds++) {
      const taken = sink.framer.feed(rest, rest.length);
      rest = rest.subarray(taken);
      sink.framer.release();
      if (rest.length === 0) break;
      if (holds > 1000) throw new Error('it takes nothing any more');
    }
  }
  // A message that was complete, and not taken.
  sink.framer.feed(Buffer.alloc(0), 0);
  sink.framer.feed(Buffer.alloc(0), 0);
}

describe('a framer that is held', () => {
  test.each([false, true])(
    'goes on where it stopped, whatever was read at once (again: %s)',
    (again) => {
      const { bytes, bodies } = messages(40);
      for (const every of [2, 3, 7]) {
        for (let size = 1; size <= bytes.length; size++) {
          const sink = new HoldingSink(every, again);
          feedAll(sink, bytes, size);
          expect(sink.got, `every ${every}, ${size} bytes at once`).toEqual(bodies);
        }
      }
    },
  );

  test('and stopped hands on nothing when it is released', () => {
    const { bytes } = messages(10);
    const sink = new HoldingSink(2, true);
    sink.framer.feed(bytes, bytes.length);
    expect(sink.got).toHaveLength(1);
    sink.framer.stop();
    sink.framer.release();
    expect(sink.framer.feed(bytes, bytes.length)).toBe(0);
    expect(sink.got).toHaveLength(1);
  });
});
