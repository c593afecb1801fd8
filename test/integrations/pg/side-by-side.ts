import { createRequire } from 'node:module';
import { inspect, isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

const require = createRequire(import.meta.url);

/** node-postgres itself, to compare with: its own modules have no types. */
export const pg: any = require('pg');
export const pgUtils: any = require('pg/lib/utils.js');
export const PgConnectionParameters: any = require('pg/lib/connection-parameters.js');

/** Time zones that have what goes wrong: DST both ways of the equator, odd offsets, a skipped day. */
const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Africa/Monrovia',
] as const;

/** Calls with the process in each of the time zones. */
export function inEachZone(call: (zone: string) => void): void {
  const before = process.env['TZ'];
  try {
    for (const zone of ZONES) {
      process.env['TZ'] = zone;
      call(zone);
    }
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

/** What a call gives, or that it fails and how. */
export function outcome(call: () => unknown): unknown {
  try {
    return { value: call() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : error };
  }
}

/** Compares two values and their classes' names, as classes of the same name differ here. */
export function expectSame(actual: unknown, expected: unknown, of: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const show = (value: unknown): string => inspect(value, { depth: 9, maxArrayLength: null });
  expect(show(actual), `of ${inspect(of)}`).toBe(show(expected));
}
