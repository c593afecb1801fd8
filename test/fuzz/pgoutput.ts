/** The messages of pgoutput, both ways, and the tuples in them. */
import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { builtinCodecs } from '../../src/codecs/builtin-codecs.ts';
import { compileTupleDecoder, lastTuple } from '../../src/codecs/compilers/tuple-decoder.ts';
import { rareCodecs } from '../../src/codecs/rooms.ts';
import { TextRun } from '../../src/codecs/text-run.ts';
import { DecodeError, ProtocolError } from '../../src/errors/client-errors.ts';
import { MessageReader } from '../../src/protocol/reader.ts';
import { type PgOutputSink, readPgOutput } from '../../src/protocol/replication/pgoutput.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { PGOUTPUT_SAMPLES, type PgOutputSample } from '../protocol/replication-samples.ts';
import { mutated, noise, type Target, target } from './target.ts';

function written(write: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter();
  write(writer);
  return Buffer.from(writer.written);
}

/** What `read` gives, or null where the message is refused with the one error there is for that. */
function readOrNull(read: () => unknown): { readonly value: unknown } | null {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof DecodeError) return null;
    throw error;
  }
}

const messages = fc
  .constantFrom(...PGOUTPUT_SAMPLES)
  .chain((sample) =>
    fc
      .oneof(mutated(fc.constant(written(sample.write).subarray(1))), noise)
      .map((body): readonly [PgOutputSample, Buffer] => [sample, body]),
  );

/** A message that was read is written and read again as the same. */
function checkReading(sample: PgOutputSample, body: Buffer): void {
  const read = readOrNull(() => sample.read(new MessageReader(body, 0, body.length)));
  if (read === null) return;
  const again = written((writer) => sample.rewrite(writer, read.value as never));
  deepStrictEqual(sample.read(new MessageReader(again, 1, again.length)), read.value);
}

const NO_SINK = new Proxy({} as PgOutputSink, { get: () => () => {} });

await rareCodecs.open();
const COLUMNS = [23, 25, 1184, 1700, 3802, 17, 16].map((oid, i) => ({
  name: `c${i}`,
  codec: builtinCodecs().codec(oid)!,
  isKey: i < 2,
}));
const DECODERS = [false, true].map((keysOnly) => ({
  generated: compileTupleDecoder(COLUMNS, keysOnly, true),
  interpreted: compileTupleDecoder(COLUMNS, keysOnly, false),
}));

/** A tuple of the columns above. */
const cell = fc.oneof(
  fc.constant(Buffer.from('n')),
  fc.constant(Buffer.from('u')),
  fc.tuple(fc.constantFrom('t', 'b'), fc.uint8Array({ maxLength: 12 })).map(([kind, bytes]) => {
    const head = Buffer.from(`${kind}\0\0\0\0`);
    head.writeInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  }),
);
const tuple = fc
  .array(cell, { minLength: COLUMNS.length, maxLength: COLUMNS.length })
  .map((cells) => Buffer.concat([Buffer.from([0, COLUMNS.length]), ...cells]));

export const PGOUTPUT_TARGETS: readonly Target[] = [
  target('pgoutput-messages', messages, ([sample, body]) => checkReading(sample, body)),
  target(
    'pgoutput-stream',
    fc.tuple(
      fc.oneof(
        noise,
        messages.map(([, body]) => body),
      ),
      fc.boolean(),
    ),
    ([bytes, streamed]) => {
      readOrNull(() => readPgOutput(bytes, 0, bytes.length, streamed, NO_SINK));
    },
  ),
  target('pgoutput-tuples', fc.oneof(tuple, mutated(tuple), noise), (bytes) => {
    for (const { generated, interpreted } of DECODERS) {
      const [one, other] = [generated, interpreted].map((decode) => {
        const run = new TextRun();
        run.stretch(bytes.length);
        return readOrNull(() => {
          const row = decode(bytes, 0, bytes.length, run, null);
          return [{ ...row }, lastTuple.end, [...lastTuple.unchanged]];
        });
      });
      deepStrictEqual(one, other);
    }
  }),
];
