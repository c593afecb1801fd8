import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError, ProtocolError } from '../../src/errors/client-errors.ts';
import { writeCopyFail } from '../../src/protocol/copy.ts';
import {
  writePasswordMessage,
  writeSaslInitialResponse,
} from '../../src/protocol/frontend/authentication.ts';
import {
  readBind,
  readDescribe,
  writeBind,
  writeClose,
  writeDescribe,
  writeExecute,
  writeParse,
  writeQuery,
} from '../../src/protocol/frontend/query.ts';
import {
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  readStartupPacket,
  writeCancelRequest,
  writeGssEncRequest,
  writeSslRequest,
  writeStartupMessage,
} from '../../src/protocol/frontend/startup.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { failureOf, readBody } from './messages.ts';

const BIND = {
  portal: '',
  statement: '',
  parameterFormats: [],
  parameters: [],
  resultFormats: [],
} as const;

/** What the call throws, after checking that a rollback leaves nothing of the message. */
function refusal(write: (writer: MessageWriter) => void): unknown {
  const writer = new MessageWriter(16);
  const mark = writer.mark();
  try {
    write(writer);
  } catch (error) {
    writer.rollback(mark);
    expect(writer.offset).toBe(0);
    return error;
  }
  throw new Error('nothing was refused');
}

describe('a NUL character is refused', () => {
  const bad = "x\0user\0admin'";
  const slots: readonly [string, (writer: MessageWriter) => void, string][] = [
    [
      'in the name of a startup parameter',
      (w) => writeStartupMessage(w, PROTOCOL_3_0, new Map([[bad, 'x']])),
      'the name of a startup parameter must not contain a NUL character',
    ],
    [
      'in the value of a startup parameter',
      (w) => writeStartupMessage(w, PROTOCOL_3_0, new Map([['user', bad]])),
      'the startup parameter "user" must not contain a NUL character',
    ],
    [
      'in the password',
      (w) => writePasswordMessage(w, bad),
      'the password must not contain a NUL character',
    ],
    [
      'in the name of a SASL mechanism',
      (w) => writeSaslInitialResponse(w, bad, null),
      'the name of a SASL mechanism must not contain a NUL character',
    ],
    [
      'in the text of Query',
      (w) => writeQuery(w, bad),
      'the query must not contain a NUL character',
    ],
    [
      'in the text of Parse',
      (w) => writeParse(w, '', bad),
      'the query must not contain a NUL character',
    ],
    [
      'in the statement of Parse',
      (w) => writeParse(w, bad, ''),
      'the name of a prepared statement must not contain a NUL character',
    ],
    [
      'in the portal of Bind',
      (w) => writeBind(w, { ...BIND, portal: bad }),
      'the name of a portal must not contain a NUL character',
    ],
    [
      'in the statement of Bind',
      (w) => writeBind(w, { ...BIND, statement: bad }),
      'the name of a prepared statement must not contain a NUL character',
    ],
    [
      'in the statement of Describe',
      (w) => writeDescribe(w, 'S', bad),
      'the name of a prepared statement must not contain a NUL character',
    ],
    [
      'in the portal of Close',
      (w) => writeClose(w, 'P', bad),
      'the name of a portal must not contain a NUL character',
    ],
    [
      'in the portal of Execute',
      (w) => writeExecute(w, bad),
      'the name of a portal must not contain a NUL character',
    ],
    [
      'in the reason of CopyFail',
      (w) => writeCopyFail(w, bad),
      'the reason of a failed COPY must not contain a NUL character',
    ],
  ];

  test.each(slots)('%s, and the error does not quote the text', (_slot, write, message) => {
    const error = refusal(write);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toBe(message);
  });
});

describe('StartupMessage', () => {
  test('refuses an empty name, which would end the list of parameters', () => {
    const error = refusal((w) => writeStartupMessage(w, PROTOCOL_3_0, new Map([['', 'x']])));
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });

  test('refuses to be longer than a server reads', () => {
    // The version, "k" and its NUL, the value's NUL and the end of the list are 8 bytes.
    const fits = new Map([['k', 'x'.repeat(10_000 - 8)]]);
    const tooLong = new Map([['k', 'x'.repeat(10_000 - 7)]]);
    expect(encoded((w) => writeStartupMessage(w, PROTOCOL_3_0, fits))).toHaveLength(10_004);
    expect(refusal((w) => writeStartupMessage(w, PROTOCOL_3_0, tooLong))).toBeInstanceOf(
      InvalidArgumentError,
    );
  });

  test('has the bytes that the manual prescribes', () => {
    const bytes = encoded((w) => writeStartupMessage(w, PROTOCOL_3_2, new Map([['user', 'u']])));
    expect(bytes).toEqual(Buffer.from('\0\0\0\x10\0\x03\0\x02user\0u\0\0', 'latin1'));
  });

  test('brings any parameters to the server', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((t) => !t.includes('\0') && t.isWellFormed());
    const pairs = fc.array(
      fc.tuple(
        text.filter((t) => t !== ''),
        text,
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(pairs, (entries) => {
        const parameters = new Map(entries);
        const bytes = encoded((w) => writeStartupMessage(w, PROTOCOL_3_0, parameters));
        expect(readBody(readStartupPacket, bytes.subarray(4))).toEqual({
          type: 'StartupMessage',
          protocolVersion: PROTOCOL_3_0,
          parameters,
        });
      }),
    );
  });
});

test('the requests before start-up have the codes that the manual prescribes', () => {
  const cancel = encoded((w) => writeCancelRequest(w, 1, Buffer.alloc(4)));
  expect(cancel.readInt32BE(4)).toBe(80_877_102);
  expect(encoded(writeSslRequest)).toEqual(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
  expect(encoded(writeGssEncRequest)).toEqual(Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]));
});

describe('the count of parameters', () => {
  test('may be 65,535', () => {
    const parameters = new Array<null>(65_535).fill(null);
    const bytes = encoded((w) => writeBind(w, { ...BIND, parameters }));
    expect(readBody(readBind, bytes.subarray(5)).parameters).toHaveLength(65_535);
  });

  test.each([65_536, 70_000])('must not be %i', (count) => {
    const parameters = new Array<null>(count).fill(null);
    const types = new Array<number>(count).fill(25);
    const message = `a statement can have at most 65535 parameters, not ${count}`;
    for (const error of [
      refusal((w) => writeBind(w, { ...BIND, parameters })),
      refusal((w) => writeParse(w, '', 'select', types)),
    ]) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).toContain(message);
    }
  });
});

test('Bind carries any parameters', () => {
  const name = fc.string({ maxLength: 20 }).filter((t) => !t.includes('\0') && t.isWellFormed());
  const formats = fc.array(fc.constantFrom(0 as const, 1 as const), { maxLength: 5 });
  const bind = fc.record({
    portal: name,
    statement: name,
    parameterFormats: formats,
    parameters: fc.array(
      fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
    ),
    resultFormats: formats,
  });
  fc.assert(
    fc.property(bind, (value) => {
      const bytes = encoded((w) => writeBind(w, value));
      expect(readBody(readBind, bytes.subarray(5))).toEqual(value);
    }),
  );
});

test('Describe of neither a statement nor a portal is refused by the server', () => {
  expect(failureOf(readDescribe, Buffer.from('X\0'))).toBeInstanceOf(ProtocolError);
});

test('Execute refuses a count of rows that would wrap', () => {
  for (const maxRows of [2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN]) {
    expect(refusal((w) => writeExecute(w, '', maxRows))).toBeInstanceOf(InvalidArgumentError);
  }
});
