import { bench, group, do_not_optimize as keep } from 'mitata';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { codecOf } from './sample-result.ts';

const VALUES: readonly (readonly [string, unknown])[] = [
  ['int8', 1_234_567_890_123n],
  ['numeric', '123456.7890'],
  ['uuid', '0194e2f1-7ad1-7cc3-9c2f-000000000001'],
  ['timestamptz', new Date(1_767_225_600_000)],
  ['date', '2026-11-22'],
  ['jsonb', { id: 1, tags: ['red', 'green'], name: 'item' }],
  ['text', 'Zürich, Genève und Čačak'],
  ['int4[]', Array.from({ length: 100 }, (_, i) => i)],
  ['float8[]', Array.from({ length: 100 }, (_, i) => i / 7)],
  ['text[]', Array.from({ length: 100 }, (_, i) => `element ${i}`)],
];

for (const [type, value] of VALUES) {
  const codec = codecOf(type);
  const writer = new MessageWriter();
  codec.binary!.encode(writer, value);
  const bytes = Buffer.from(writer.written);
  const printed = codec.text!.encode(value);
  group(`codecs: ${type}`, () => {
    bench(`decode ${type}, binary`, () => keep(codec.binary!.decode(bytes, 0, bytes.length)));
    bench(`decode ${type}, text`, () => keep(codec.text!.decode(printed)));
    bench(`encode ${type}, binary`, () => {
      writer.offset = 0;
      codec.binary!.encode(writer, value);
      return keep(writer.offset);
    });
    bench(`encode ${type}, text`, () => keep(codec.text!.encode(value)));
  });
}
