import type { MessageWriter } from '../../protocol/writer.ts';
import { BINARY, type Codec } from '../codec.ts';

/*
 * The few kinds of values that most arguments and records are made of, written in one loop
 * without a call for each. The benchmarks `copyfrom` and `batch` measure it.
 */

/** How values can be written without asking their codec, by `plainStep`. */
const STEP = { call: 0, int4: 1, text: 2, bool: 3, float8: 4 } as const;
/** The step of a string that is sent as it is. */
export const TEXT_STEP = STEP.text;

/** How `putPlain` may write the values of a type in its argument format. */
export function plainStep({ argumentFormat, inline }: Codec): number {
  // The shortcut of text works on characters, the others on binary values.
  if (inline === 'text') return STEP.text;
  if (argumentFormat !== BINARY) return STEP.call;
  switch (inline) {
    case 'int4':
      return STEP.int4;
    case 'bool':
      return STEP.bool;
    case 'float8':
      return STEP.float8;
    default:
      return STEP.call;
  }
}

/** Up to this length a loop beats the calls that check and write a text natively. */
const SHORT_TEXT = 48;
/** The most bytes that a value takes, its length included. */
const PLAIN_SIZE = 4 + SHORT_TEXT;

/**
 * Writes values with their lengths, from the one at `from` on, as far as they are NULL or plain.
 * Returns the index of the first that is left for its codec: one of another type, a long text
 * or one that is not ASCII, a value that does not fit; their number when there is none.
 */
export function putPlain(
  writer: MessageWriter,
  steps: Uint8Array,
  values: readonly unknown[],
  from: number,
): number {
  const count = steps.length;
  writer.ensure((count - from) * PLAIN_SIZE);
  const { buffer, view } = writer;
  let at = writer.offset;
  let i = from;
  loop: for (; i < count; i++) {
    const value = values[i];
    if (value === null) {
      view.setInt32(at, -1);
      at += 4;
      continue;
    }
    switch (steps[i]) {
      case STEP.int4:
        if (typeof value !== 'number' || value !== (value | 0) || Object.is(value, -0)) break loop;
        view.setInt32(at, 4);
        view.setInt32(at + 4, value);
        at += 8;
        break;
      case STEP.float8:
        if (typeof value !== 'number') break loop;
        view.setInt32(at, 8);
        view.setFloat64(at + 4, value);
        at += 12;
        break;
      case STEP.bool:
        if (typeof value !== 'boolean') break loop;
        view.setInt32(at, 1);
        buffer[at + 4] = value ? 1 : 0;
        at += 5;
        break;
      case STEP.text: {
        if (typeof value !== 'string') break loop;
        const { length } = value;
        if (length > SHORT_TEXT) break loop;
        const start = at + 4;
        for (let j = 0; j < length; j++) {
          const code = value.charCodeAt(j);
          if (code === 0 || code > 0x7f) break loop;
          buffer[start + j] = code;
        }
        view.setInt32(at, length);
        at = start + length;
        break;
      }
      default:
        break loop;
    }
  }
  writer.offset = at;
  return i;
}
