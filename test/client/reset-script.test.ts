import { expect, it } from 'vitest';
import { resetScript } from '../../src/client/reset-script.ts';
import { capabilitiesOf } from '../../src/session/capabilities.ts';

function scriptFor(...parameters: string[]): string {
  return resetScript(capabilitiesOf(new Map(parameters.map((name) => [name, '1']))));
}

it('undoes everything that outlives a transaction on PostgreSQL', () => {
  expect(scriptFor('server_version').split('\n')).toEqual([
    'SELECT pg_catalog.pg_advisory_unlock_all();',
    'CLOSE ALL;',
    'UNLISTEN *;',
    'RESET ALL;',
    'RESET SESSION AUTHORIZATION;',
    'RESET ROLE;',
    'DISCARD TEMP;',
    'DISCARD SEQUENCES;',
    '',
  ]);
});

it('asks no other engine for what it does not have', () => {
  expect(scriptFor('server_version', 'padb_revision')).toBe('RESET ALL;\n');
  expect(scriptFor('server_version', 'crdb_version')).toBe('');
  expect(scriptFor('server_version', 'crate_version')).toBe('');
});
