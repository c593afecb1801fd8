import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { builtinCodecs } from '../../src/codecs/builtin-codecs.ts';
import { untypedArguments } from '../../src/codecs/compilers/untyped-arguments.ts';
import { OID, TEXT } from '../../src/codecs/oids.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

/** Bind's parameters, as they are sent. */
function bound(value: unknown): string {
  const writer = new MessageWriter(64);
  untypedArguments([builtinCodecs().codec(TEXT)!, builtinCodecs().codec(OID)!]).bind(writer, [
    value,
    '7',
  ]);
  return Buffer.from(writer.written).toString('latin1');
}

it.each([
  ['new Uint8Array([0, 255, 1])', new Uint8Array([0, 255, 1])],
  ['new Date(0)', new Date(0)],
  ['[new Date(0), null]', [new Date(0), null]],
  ['[new Uint8Array([1])]', [new Uint8Array([1])]],
])('%s of another realm is sent as one of this', (source, own) => {
  expect(bound(runInNewContext(source))).toBe(bound(own));
});
