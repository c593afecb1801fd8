/** The framer, and the readers of all messages, both ways. */
import { deepStrictEqual, ok } from 'node:assert';
import fc from 'fast-check';
import { ProtocolError } from '../../src/errors/client-errors.ts';
import {
  readAuthentication,
  writeAuthentication,
} from '../../src/protocol/backend/authentication.ts';
import { readErrorResponse, writeErrorResponse } from '../../src/protocol/backend/response.ts';
import * as result from '../../src/protocol/backend/result.ts';
import * as session from '../../src/protocol/backend/session.ts';
import * as copy from '../../src/protocol/copy.ts';
import { Framer, type MessageSink } from '../../src/protocol/framer.ts';
import * as query from '../../src/protocol/frontend/query.ts';
import { checkHeader, type Phase } from '../../src/protocol/limits.ts';
import type { MessageReader } from '../../src/protocol/reader.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { BACKEND_SAMPLES } from '../protocol/backend-samples.ts';
import { FRONTEND_SAMPLES } from '../protocol/frontend-samples.ts';
import { bodyOf, readBody, type Sample } from '../protocol/messages.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { mutated, noise, type Target, target } from './target.ts';

/** A message as a sink gets it. */
type Framed = readonly [type: number, body: string];

/** What comes of a byte stream: the messages, and whether it was refused after them. */
interface Outcome {
  readonly messages: readonly Framed[];
  readonly refusal: string | null;
}

/** The stream in one piece, cut by the definition of a message. */
function reference(stream: Buffer, phase: Phase): Outcome {
  const messages: Framed[] = [];
  try {
    for (let at = 0; stream.length - at >= 5; ) {
      const type = stream[at]!;
      const length = stream.readInt32BE(at + 1);
      checkHeader(type, length, phase);
      const end = at + 1 + length;
      if (end > stream.length) break;
      messages.push([type, stream.toString('hex', at + 5, end)]);
      at = end;
    }
  } catch (error) {
    return { messages, refusal: messageOf(error) };
  }
  return { messages, refusal: null };
}

function framed(stream: Buffer, phase: Phase, cuts: readonly number[]): Outcome {
  const messages: Framed[] = [];
  const sink: MessageSink = {
    message: (type, buffer, start, end) => {
      messages.push([type, buffer.toString('hex', start, end)]);
    },
    dataRow: (buffer, start, end) => {
      messages.push([0x44, buffer.toString('hex', start, end)]);
    },
    copyData: (buffer, at, end) => {
      messages.push([0x64, buffer.toString('hex', at + 5, end)]);
      return end;
    },
    stretch: () => {},
  };
  const framer = new Framer(sink);
  framer.phase = phase;
  // As a receive buffer is: longer than what was received, and used again for every chunk.
  const receiveBuffer = Buffer.alloc(stream.length + 7, 0x5a);
  try {
    for (let at = 0, i = 0; at < stream.length; i++) {
      const size = Math.max(1, Math.min(cuts[i % cuts.length]!, stream.length - at));
      stream.copy(receiveBuffer, 0, at, at + size);
      const taken = framer.feed(receiveBuffer, size);
      ok(taken === size, `${taken} of ${size} bytes were taken`);
      at += size;
    }
  } catch (error) {
    return { messages, refusal: messageOf(error) };
  }
  return { messages, refusal: null };
}

function messageOf(error: unknown): string {
  if (!(error instanceof ProtocolError)) throw error;
  return error.message;
}

const message = fc.constantFrom(...BACKEND_SAMPLES).map((sample) => encoded(sample.write));
const stream = fc
  .array(fc.oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: noise }), {
    maxLength: 12,
  })
  .map((parts) => Buffer.concat(parts));

/** What reads a message and what writes it from what was read. */
interface Pair {
  readonly read: (reader: MessageReader) => unknown;
  readonly write: (writer: MessageWriter, value: never) => void;
}

const pair = <T>(
  read: (reader: MessageReader) => T,
  write: (writer: MessageWriter, value: T) => void,
): Pair => ({ read, write });

const PAIRS: readonly Pair[] = [
  pair(readAuthentication, writeAuthentication),
  pair(readErrorResponse, writeErrorResponse),
  pair(result.readRowDescription, result.writeRowDescription),
  pair(result.readParameterDescription, result.writeParameterDescription),
  pair(result.readDataRow, result.writeDataRow),
  pair(result.readCommandComplete, result.writeCommandComplete),
  pair(session.readBackendKeyData, (writer, { processId, secretKey }) =>
    session.writeBackendKeyData(writer, processId, secretKey),
  ),
  pair(session.readParameterStatus, (writer, { name, value }) =>
    session.writeParameterStatus(writer, name, value),
  ),
  pair(session.readReadyForQuery, session.writeReadyForQuery),
  pair(session.readNotificationResponse, session.writeNotificationResponse),
  pair(session.readNegotiateProtocolVersion, (writer, { newestVersion, unrecognizedOptions }) =>
    session.writeNegotiateProtocolVersion(writer, newestVersion, unrecognizedOptions),
  ),
  pair(copy.readCopyInResponse, copy.writeCopyInResponse),
  pair(copy.readCopyData, copy.writeCopyData),
  pair(query.readBind, query.writeBind),
];

function bodiesOf(samples: readonly Sample[]): fc.Arbitrary<readonly [Sample, Buffer]> {
  return fc
    .constantFrom(...samples)
    .chain((sample) =>
      fc.oneof(mutated(fc.constant(bodyOf(sample))), noise).map((body) => [sample, body] as const),
    );
}

/** Reads a body, or gives null where it is refused with the one error that there is for that. */
function readOrNull(read: Pair['read'], body: Buffer): { readonly value: unknown } | null {
  try {
    return { value: readBody(read, body) };
  } catch (error) {
    messageOf(error);
    return null;
  }
}

/** A message that was read is written and read again as the same. */
function checkReading(sample: Sample, body: Buffer): void {
  const value = readOrNull(sample.read, body);
  const both = PAIRS.find(({ read }) => read === sample.read);
  if (value === null || both === undefined) return;
  const again = encoded((writer) => both.write(writer, value.value as never));
  deepStrictEqual(readOrNull(sample.read, again.subarray(5)), value);
}

export const WIRE_TARGETS: readonly Target[] = [
  target(
    'framer',
    fc.tuple(
      fc.oneof(stream, mutated(stream)),
      fc.constantFrom<Phase>('startup', 'ready'),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
    ),
    ([bytes, phase, cuts]) => deepStrictEqual(framed(bytes, phase, cuts), reference(bytes, phase)),
  ),
  target('server-messages', bodiesOf(BACKEND_SAMPLES), ([sample, body]) =>
    checkReading(sample, body),
  ),
  target('client-messages', bodiesOf(FRONTEND_SAMPLES), ([sample, body]) =>
    checkReading(sample, body),
  ),
];
