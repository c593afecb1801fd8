import { describe, expect, it } from 'vitest';
import { parseTimestamp, shift } from '../../src/values/timestamp-text.ts';

const HOUR = 3_600_000_000;

describe('the text of a timestamp', () => {
  it.each([
    ['2000-01-01', { days: 0, micros: 0, offset: null }],
    ['2000-01-02 00:00:00.5', { days: 1, micros: 500_000, offset: null }],
    ['1999-12-31T23:00Z', { days: -1, micros: 23 * HOUR, offset: 0 }],
    ['2000-01-01 01:02:03+05:30', { days: 0, micros: 3_723_000_000, offset: 19_800 }],
    ['2000-01-01 00:00:00-00:00:30', { days: 0, micros: 0, offset: -30 }],
    ['0001-01-01 00:00:00 BC', { days: -730_485, micros: 0, offset: null }],
    ['1000000-01-01', { days: 364_512_015, micros: 0, offset: null }],
    ['+1000000-01-01', { days: 364_512_015, micros: 0, offset: null }],
    ['2000-01-01 24:00:00', { days: 0, micros: 24 * HOUR, offset: null }],
  ])('%s is days, microseconds and an offset', (text, parts) => {
    expect(parseTimestamp(text)).toEqual(parts);
  });

  it.each([
    '',
    'infinity',
    '2001-02-29',
    '2000-13-01',
    '2000-01-01 24:00:00.1',
    '2000-01-01 12:60',
    '2000-01-01 00:00+16',
    '2000-1-1',
    '0000-01-01 BC',
    '2000-01-01 00:00:00 CE',
  ])('is not %j', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});

it('a time that is shifted over midnight is on another day', () => {
  expect(shift({ days: 5, micros: HOUR }, -7200)).toEqual({ days: 4, micros: 23 * HOUR });
  expect(shift({ days: -1, micros: 24 * HOUR }, 0)).toEqual({ days: 0, micros: 0 });
  expect(shift({ days: 0, micros: 0 }, 59)).toEqual({ days: 0, micros: 59_000_000 });
});
