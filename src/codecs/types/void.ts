import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';

/**
 * void, what a function without a result gives: null. The server sends no byte for it in
 * binary and an empty text, which are not looked at.
 */
export const voidForms: CodecForms = {
  text: { decode: () => null, encode: () => '' },
  binary: { decode: () => null, encode: () => {} },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
