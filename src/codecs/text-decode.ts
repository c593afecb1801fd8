import { DecodeError } from '../errors/client-errors.ts';
import { utf8Slice } from '../protocol/native-text.ts';

let strict: InstanceType<typeof TextDecoder> | null = null;

/**
 * The UTF-8 text in `buffer[start, end)`. Invalid UTF-8 is a DecodeError: a replacement
 * character would be written back as if it were data.
 */
export function utf8(buffer: Buffer, start: number, end: number): string {
  let text: string;
  try {
    text = utf8Slice(buffer, start, end);
  } catch (cause) {
    throw new DecodeError(`a text of ${end - start} bytes is longer than any JavaScript string`, {
      cause,
    });
  }
  // The lenient native decoder is several times faster; only if its result has a replacement
  // character, which may have been in the text itself, the strict one decides.
  return text.includes('\ufffd') ? strictUtf8(buffer, start, end) : text;
}

function strictUtf8(buffer: Buffer, start: number, end: number): string {
  strict ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(buffer.subarray(start, end));
  } catch (cause) {
    throw new DecodeError('a text is not valid UTF-8', { cause });
  }
}
