import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodecForms } from '../../src/codecs/codec.ts';
import { bit } from '../../src/codecs/types/bits.ts';
import { dateForms } from '../../src/codecs/types/date.ts';
import { box, circle, line, lseg, path, point, polygon } from '../../src/codecs/types/geometry.ts';
import { hstore } from '../../src/codecs/types/hstore.ts';
import { interval } from '../../src/codecs/types/interval.ts';
import { cidr, inet, macaddr, macaddr8 } from '../../src/codecs/types/network.ts';
import { pgLsn } from '../../src/codecs/types/pg-lsn.ts';
import { snapshot } from '../../src/codecs/types/snapshot.ts';
import { tsquery, tsvector } from '../../src/codecs/types/text-search.ts';
import { tid } from '../../src/codecs/types/tid.ts';
import { timeForms, timetz } from '../../src/codecs/types/time.ts';
import { timestampForms, timestamptzForms } from '../../src/codecs/types/timestamp.ts';
import { jsonpath } from '../../src/codecs/types/versioned-text.ts';
import { Unencodable } from '../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { DecodeError, InvalidArgumentError } from '../../src/errors/client-errors.ts';
import { decodedOrNull, fromHex, toHex } from './binary-form.ts';

const options = resolveTypeOptions();
const strings = resolveTypeOptions({ datetime: 'string' });

const families: readonly (readonly [string, CodecForms])[] = [
  ['bit', bit],
  ['box', box],
  ['cidr', cidr],
  ['circle', circle],
  ['date', dateForms(options)],
  ['hstore', hstore],
  ['inet', inet],
  ['interval', interval],
  ['jsonpath', jsonpath],
  ['line', line],
  ['lseg', lseg],
  ['macaddr', macaddr],
  ['macaddr8', macaddr8],
  ['path', path],
  ['pg_lsn', pgLsn],
  ['pg_snapshot', snapshot],
  ['point', point],
  ['polygon', polygon],
  ['tid', tid],
  ['time', timeForms(options)],
  ['timestamp', timestampForms(options)],
  ['timestamptz as a string', timestamptzForms(strings)],
  ['timetz', timetz],
  ['tsquery', tsquery],
  ['tsvector', tsvector],
];

/** Noise, and noise behind a small count, which gets further into those that begin with one. */
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 48 }),
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 48 }))
    .map(([count, rest]) => Uint8Array.from([0, 0, 0, count, ...rest])),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 8, 16, 32, 65, 255), { maxLength: 40 })
    .map((bytes) => Uint8Array.from(bytes)),
);

describe.each(families)('random bytes as a %s', (_, forms) => {
  it('are a value that can be sent back, or a DecodeError', () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        const result = decodedOrNull(forms, bytes);
        if (result === null) return;
        let hex: string;
        try {
          hex = toHex(forms, result.value);
        } catch (error) {
          // What only a hostile server would send: a string with a NUL, a network with host bits.
          if (!(error instanceof InvalidArgumentError)) expect(error).toBeInstanceOf(Unencodable);
          return;
        }
        expect(fromHex(forms, hex)).toStrictEqual(result.value);
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(families)('random text as a %s', (_, forms) => {
  it('is a value or a DecodeError', () => {
    const piece = fc.constantFrom(
      ...['(', ')', '[', ']', '{', '}', '<', '>', ',', ':', '-', '+', '"', "'", '\\', '/', ' '],
      ...['0', '1', '2024', '12', 'T', 'Z', 'BC', 'infinity', 'NaN', '=>', 'NULL', '.', 'é', 'P'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          forms.text!.decode(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
