import { expect, it } from 'vitest';
import { parseServerVersion } from '../../src/session/server-version.ts';

it.each([
  ['18.4', 18, 0, 4, 'final', 0],
  ['18.4 (Debian 18.4-1.pgdg12+1)', 18, 0, 4, 'final', 0],
  ['10beta2', 10, 0, 0, 'beta', 2],
  ['19rc1', 19, 0, 0, 'candidate', 1],
  ['9.6.24', 9, 6, 24, 'final', 0],
  ['11.2-YB-2.1.0.0-b0', 11, 0, 2, 'final', 0],
  ['PostgreSQL 13.0', 13, 0, 0, 'final', 0],
  ['Postgres-XL 9.2.1', 9, 2, 1, 'final', 0],
  ['8.0.2', 8, 0, 2, 'final', 0],
] as const)('reads %s', (text, major, minor, micro, releaselevel, serial) => {
  expect(parseServerVersion(text)).toEqual({ major, minor, micro, releaselevel, serial });
});
