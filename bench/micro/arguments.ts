import { bench, group, do_not_optimize as keep } from 'mitata';
import { compileArgumentEncoder } from '../../src/codecs/compilers/argument-encoder.ts';
import { Frontend } from '../../src/protocol/message-type.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { codecOf } from './sample-result.ts';

const SETS: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  'an integer': [['int4', 42]],
  'the row of batch': [
    ...[10, 11, 10].map((value) => ['int4', value] as const),
    ['text', 'TESTTESTTEST'],
    ['float8', 10.333],
    ['int4', 12341234],
    ['text', '123412341234'],
  ],
  'many types': [
    ['int8', 12_345_678_901n],
    ['uuid', '0194e2f1-7ad1-7cc3-9c2f-000000000001'],
    ['text', 'Zürich, Genève und Čačak'],
    ['numeric', '12345.6789'],
    ['timestamptz', new Date(1_767_225_600_000)],
    ['jsonb', { id: 1, tags: ['red', 'green'] }],
    ['bool', true],
    ['int4[]', [1, 2, 3, 4, 5]],
    ['bytea', Buffer.alloc(32)],
    ['text', null],
  ],
};

group('arguments: one Bind', () => {
  for (const [name, values] of Object.entries(SETS)) {
    const encoder = compileArgumentEncoder(values.map(([type]) => codecOf(type)));
    const args = values.map(([, value]) => value);
    const writer = new MessageWriter();
    bench(name, () => {
      writer.offset = 0;
      writer.begin(Frontend.Bind);
      encoder.bind(writer, args);
      writer.end();
      return keep(writer.offset);
    });
  }
});
