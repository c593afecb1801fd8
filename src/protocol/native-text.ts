import { isWorkerd } from '../runtime/other-runtimes.ts';

/**
 * The encoding-specific methods under `buffer.write()` and `buffer.toString()`. Node and Bun have
 * both had them for as long as they have had Buffer, but no documentation promises them. They skip
 * the look-up of an encoding's name, a third of the cost of a short string.
 */
interface NativeText {
  utf8Write(text: string, offset: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

type Methods = { readonly [K in keyof NativeText]?: unknown };

/** The functions below for Buffers with these methods, with standard ones for what is missing. */
export function textFunctions(methods: Methods) {
  return {
    utf8Slice:
      typeof methods.utf8Slice === 'function'
        ? (buffer: Buffer, start: number, end: number): string =>
            (buffer as unknown as NativeText).utf8Slice(start, end)
        : (buffer: Buffer, start: number, end: number): string =>
            buffer.toString('utf8', start, end),
    latin1Slice:
      typeof methods.latin1Slice === 'function'
        ? (buffer: Buffer, start: number, end: number): string =>
            (buffer as unknown as NativeText).latin1Slice(start, end)
        : (buffer: Buffer, start: number, end: number): string =>
            buffer.toString('latin1', start, end),
    utf8Write:
      typeof methods.utf8Write === 'function'
        ? (buffer: Buffer, text: string, offset: number): number =>
            (buffer as unknown as NativeText).utf8Write(text, offset)
        : (buffer: Buffer, text: string, offset: number): number =>
            buffer.write(text, offset, 'utf8'),
  };
}

const methods: Methods = Buffer.prototype as unknown as Methods;
const functions = textFunctions(
  // Cloudflare's runtime takes the whole buffer's length for what is left behind the offset.
  isWorkerd ? { utf8Slice: methods.utf8Slice, latin1Slice: methods.latin1Slice } : methods,
);

/** The text of `buffer[start, end)`; invalid UTF-8 becomes U+FFFD. */
export const utf8Slice = functions.utf8Slice;
/** The same, one character a byte. */
export const latin1Slice = functions.latin1Slice;
/** Writes the text as UTF-8 at `offset`. Returns how many bytes that are. There must be room. */
export const utf8Write = functions.utf8Write;
