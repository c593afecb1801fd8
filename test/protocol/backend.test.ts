import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors/client-errors.ts';
import { readAuthentication } from '../../src/protocol/backend/authentication.ts';
import { readErrorResponse, writeErrorResponse } from '../../src/protocol/backend/response.ts';
import {
  readDataRow,
  readParameterDescription,
  readRowDescription,
  writeDataRow,
} from '../../src/protocol/backend/result.ts';
import {
  readBackendKeyData,
  readNegotiateProtocolVersion,
  readReadyForQuery,
} from '../../src/protocol/backend/session.ts';
import { readCopyInResponse } from '../../src/protocol/copy.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { NO_FIELDS } from './backend-samples.ts';
import { failureOf, readBody } from './messages.ts';

function fields(...pairs: readonly [string, string][]): Buffer {
  return Buffer.from(`${pairs.map(([code, text]) => `${code}${text}\0`).join('')}\0`);
}

describe('ErrorResponse', () => {
  test('prefers the severity that is not localized, wherever it stands', () => {
    const before = readBody(readErrorResponse, fields(['V', 'ERROR'], ['S', 'FEHLER']));
    const after = readBody(readErrorResponse, fields(['S', 'FEHLER'], ['V', 'ERROR']));
    expect([before.severity, after.severity]).toEqual(['ERROR', 'ERROR']);
  });

  test('of a server before 9.6 has the localized severity', () => {
    expect(readBody(readErrorResponse, fields(['S', 'FEHLER'])).severity).toBe('FEHLER');
  });

  test('drops fields that it does not know', () => {
    const read = readBody(readErrorResponse, fields(['?', 'x'], ['M', 'm'], ['_', '__proto__']));
    expect(read).toEqual({ ...NO_FIELDS, message: 'm' });
  });

  test.each(['', '-1', '1.5', 'one', '12345678901', ' 1', '1e3', '0x1'])(
    'has no position when the server sends %j for it',
    (text) => {
      const read = readBody(readErrorResponse, fields(['P', text], ['p', text]));
      expect([read.position, read.internalPosition]).toEqual([null, null]);
    },
  );

  test('keeps the first MiB of a text that is longer', () => {
    const text = 'x'.repeat(1024 * 1024);
    const read = readBody(readErrorResponse, fields(['M', `${text}yz`], ['C', 'XX000']));
    expect(read.message).toHaveLength(text.length);
    expect(read.message?.endsWith('x')).toBe(true);
    expect(read.sqlstate).toBe('XX000');
  });

  test('shows invalid UTF-8 as replacement characters', () => {
    const body = Buffer.concat([Buffer.from('Ma'), Buffer.from([0xff]), Buffer.from('b\0\0')]);
    expect(readBody(readErrorResponse, body).message).toBe('a\ufffdb');
  });

  test('takes any text in any field', () => {
    const text = fc.string({ unit: 'binary' }).filter((t) => !t.includes('\0') && t.isWellFormed());
    fc.assert(
      fc.property(text, text, (message, detail) => {
        const body = encoded((w) => writeErrorResponse(w, { message, detail })).subarray(5);
        expect(readBody(readErrorResponse, body)).toEqual({ ...NO_FIELDS, message, detail });
      }),
    );
  });
});

describe('DataRow', () => {
  test.each([-2, -2_147_483_648])('with a length of %i is refused', (length) => {
    const body = Buffer.from([0, 1, 0, 0, 0, 0]);
    body.writeInt32BE(length, 2);
    expect(failureOf(readDataRow, body)).toBeInstanceOf(ProtocolError);
  });

  test('with a value longer than the message is refused', () => {
    expect(failureOf(readDataRow, Buffer.from([0, 1, 0, 0, 0, 4, 1, 2, 3]))).toBeInstanceOf(
      ProtocolError,
    );
  });

  test('gives copies of its values', () => {
    const buffer = encoded((w) => writeDataRow(w, [Buffer.from('abc')])).subarray(5);
    const [value] = readBody(readDataRow, buffer);
    buffer.fill(0);
    expect(value).toEqual(Buffer.from('abc'));
  });

  test('carries any values', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 40 }))), (values) => {
        const body = encoded((w) => writeDataRow(w, values)).subarray(5);
        const expected = values.map((value) => (value === null ? null : Buffer.from(value)));
        expect(readBody(readDataRow, body)).toEqual(expected);
      }),
    );
  });
});

describe('a count that the message cannot hold is refused', () => {
  test.each([
    ['DataRow', readDataRow],
    ['ParameterDescription', readParameterDescription],
    ['RowDescription', readRowDescription],
  ] as const)('in %s', (name, read) => {
    const failure = failureOf(read, Buffer.from([0xff, 0xff, 0, 0, 0, 0]));
    expect(failure).toBeInstanceOf(ProtocolError);
    expect((failure as Error).message).toBe(
      `malformed ${name} message: it announces 65535 items that it cannot hold`,
    );
  });

  test('in CopyInResponse', () => {
    expect(failureOf(readCopyInResponse, Buffer.from([0, 0xff, 0xff, 0, 0]))).toBeInstanceOf(
      ProtocolError,
    );
  });

  test.each([2_147_483_647, -1, -2_147_483_648])('in NegotiateProtocolVersion: %i', (count) => {
    const body = Buffer.alloc(9);
    body.writeInt32BE(count, 4);
    expect(failureOf(readNegotiateProtocolVersion, body)).toBeInstanceOf(ProtocolError);
  });
});

describe('BackendKeyData', () => {
  test.each([4, 32, 256])('may have a key of %i bytes', (length) => {
    const { secretKey } = readBody(readBackendKeyData, Buffer.alloc(4 + length, 7));
    expect(secretKey).toEqual(Buffer.alloc(length, 7));
  });

  test.each([0, 3, 257])('is refused with a key of %i bytes', (length) => {
    expect(failureOf(readBackendKeyData, Buffer.alloc(4 + length))).toBeInstanceOf(ProtocolError);
  });
});

test.each([0, 0x69, 0xff])('ReadyForQuery with the status %i is refused', (status) => {
  expect(failureOf(readReadyForQuery, Buffer.from([status]))).toBeInstanceOf(ProtocolError);
});

test('a format code other than 0 and 1 is refused', () => {
  expect(failureOf(readCopyInResponse, Buffer.from([2, 0, 0]))).toBeInstanceOf(ProtocolError);
  expect(failureOf(readCopyInResponse, Buffer.from([0, 0, 1, 0, 2]))).toBeInstanceOf(ProtocolError);
  const column = Buffer.from([0, 1, 0x61, 0, ...Buffer.alloc(16), 0xff, 0xff]);
  expect(failureOf(readRowDescription, column)).toBeInstanceOf(ProtocolError);
});

test('AuthenticationSASL without a mechanism is refused', () => {
  expect(failureOf(readAuthentication, Buffer.from([0, 0, 0, 10, 0]))).toBeInstanceOf(
    ProtocolError,
  );
});

test('AuthenticationOk with a payload is refused', () => {
  expect(failureOf(readAuthentication, Buffer.alloc(5))).toBeInstanceOf(ProtocolError);
});
