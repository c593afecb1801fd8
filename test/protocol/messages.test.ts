import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors/client-errors.ts';
import { Backend, Frontend } from '../../src/protocol/message-type.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { BACKEND_SAMPLES } from './backend-samples.ts';
import { FRONTEND_SAMPLES } from './frontend-samples.ts';
import { bodyOf, endsProperly, failureOf, readBody, type Sample } from './messages.ts';

const DIRECTIONS: readonly [string, readonly Sample[]][] = [
  ['the server', BACKEND_SAMPLES],
  ['the client', FRONTEND_SAMPLES],
];

for (const [sender, samples] of DIRECTIONS) {
  describe.each(samples)(`$name of ${sender}`, (sample) => {
    const body = bodyOf(sample);

    test('begins with its type byte and a length that counts itself and the body', () => {
      const bytes = encoded(sample.write);
      expect(bytes.subarray(0, sample.type.length).toString('latin1')).toBe(sample.type);
      expect(bytes.readInt32BE(sample.type.length)).toBe(4 + body.length);
      expect(bytes.length).toBe(sample.type.length + 4 + body.length);
    });

    test('is read as it was written', () => {
      expect(readBody(sample.read, body)).toEqual(sample.value);
    });

    test('is refused when it is cut off anywhere', () => {
      const end = sample.openFrom ?? body.length;
      for (let length = 0; length < end; length++) {
        expect(failureOf(sample.read, body.subarray(0, length))).toBeInstanceOf(ProtocolError);
      }
    });

    test('is refused when bytes follow it, unless it is open to them', () => {
      for (const surplus of [[0], [1], [0, 0, 0, 0]]) {
        const failure = failureOf(sample.read, Buffer.concat([body, Buffer.from(surplus)]));
        if (sample.openFrom === undefined) {
          expect(failure).toBeInstanceOf(ProtocolError);
          expect((failure as Error).message).toMatch(/^malformed [A-Za-z]+ message: /);
        } else {
          expect(failure).toBeNull();
        }
      }
    });

    test('made of any other bytes is read or refused with a ProtocolError', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (b) => endsProperly(sample.read, b)));
      fc.assert(
        fc.property(
          fc.nat({ max: Math.max(0, body.length - 1) }),
          fc.nat({ max: 255 }),
          (at, b) => {
            const changed = Buffer.from(body);
            if (changed.length > 0) changed[at] = b;
            return endsProperly(sample.read, changed);
          },
        ),
      );
    });
  });
}

describe('the type bytes', () => {
  test('of the server are those of the samples, each its own', () => {
    const sampled = new Set(BACKEND_SAMPLES.map(({ type }) => type.charCodeAt(0)));
    expect(new Set(Object.values(Backend))).toEqual(sampled);
    expect(new Set(Object.values(Backend)).size).toBe(Object.keys(Backend).length);
  });

  test('of the client are those of the samples, each its own', () => {
    const typed = FRONTEND_SAMPLES.filter(({ type }) => type !== '');
    expect(new Set(Object.values(Frontend))).toEqual(
      new Set(typed.map(({ type }) => type.charCodeAt(0))),
    );
    expect(new Set(Object.values(Frontend)).size).toBe(Object.keys(Frontend).length);
  });
});
