import { expect, it } from 'vitest';
import type { CodecForms } from '../../src/codecs/codec.ts';
import { DecodeError } from '../../src/errors/client-errors.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

/** The binary form of a value, in hex. */
export function toHex(forms: CodecForms, value: unknown): string {
  const writer = new MessageWriter(16);
  forms.binary!.encode(writer, value);
  return writer.buffer.toString('hex', 0, writer.offset);
}

/** Decodes a binary form, with other bytes around it that must not be looked at. */
export function fromHex(forms: CodecForms, hex: string): unknown {
  const bytes = Buffer.from(hex, 'hex');
  const padded = Buffer.concat([Buffer.of(0xaa, 0x55), bytes, Buffer.of(0xa5)]);
  return forms.binary!.decode(padded, 2, 2 + bytes.length);
}

/** A value as the server prints it, as its send function sends it, and as users see it. */
export type Sample = readonly [text: string, hex: string, value: unknown];

/** Checks a codec in all four directions against what a server was seen to say. */
export function itAgreesWithTheServer(
  type: string,
  forms: CodecForms,
  samples: readonly Sample[],
): void {
  it.each(samples)(`${type} %s is read and written as the server does`, (text, hex, value) => {
    expect(fromHex(forms, hex)).toStrictEqual(value);
    expect(forms.text!.decode(text)).toStrictEqual(value);
    expect(toHex(forms, value)).toBe(hex);
    expect(forms.text!.encode(value)).toBe(text);
  });
}

/** What decoding gives, or null where the bytes are refused. Any other error fails the test. */
export function decodedOrNull(forms: CodecForms, bytes: Uint8Array): { value: unknown } | null {
  try {
    return { value: forms.binary!.decode(Buffer.from(bytes), 0, bytes.length) };
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return null;
  }
}
