import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import * as classes from '../../src/errors/generated/sqlstate.ts';
import { named } from '../../src/errors/named.ts';
import { PostgresError, PostgresLogMessage } from '../../src/errors/postgres-error.ts';
import { compactSqlstateClasses } from '../../tools/compact-sqlstate.ts';

const source = readFileSync(
  new URL('../../src/errors/generated/sqlstate.ts', import.meta.url),
  'utf8',
);

type Class = abstract new (...args: never) => { readonly name: string };

/** The classes as they are in dist/. */
function compacted(): Record<string, Class> {
  const body = stripTypeScriptTypes(compactSqlstateClasses(source))
    .replace(/^import .*$/gm, '')
    .replace(/^export const (\w+)/gm, 'const $1 = exported.$1');
  const make = new Function('named', 'PostgresError', 'PostgresLogMessage', 'exported', body);
  const exported: Record<string, Class> = {};
  make(named, PostgresError, PostgresLogMessage, exported);
  return exported;
}

/** What may be seen of a class. */
function viewOf(made: Class): object {
  return {
    name: made.name,
    parent: (Object.getPrototypeOf(made) as Class).name,
    static: Object.getOwnPropertyDescriptor(made, 'sqlstate'),
    prototype: Object.getOwnPropertyDescriptors(made.prototype as object)['name'],
    members: Object.getOwnPropertyNames(made.prototype),
  };
}

const viewsOf = (all: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(all).map(([name, made]) => [name, viewOf(made as Class)]));

test('the classes in dist/ are those of the source', () => {
  const made = compacted();
  expect(Object.keys(made)).toHaveLength(263);
  expect(viewsOf(made)).toEqual(viewsOf(classes));
});

test('an error of a class of dist/ is one of its parents, and takes their arguments', () => {
  const { UniqueViolationError, IntegrityConstraintViolationError } = compacted();
  const error = Reflect.construct(UniqueViolationError as never, ['twice', { detail: 'd' }]);
  expect(error).toBeInstanceOf(IntegrityConstraintViolationError);
  expect(error).toBeInstanceOf(PostgresError);
  expect(error).toMatchObject({ message: 'twice', detail: 'd', sqlstate: '23505' });
  expect(String(error)).toBe('UniqueViolationError: twice\nDETAIL:  d');
});

test('a class of another form is refused', () => {
  expect(() => compactSqlstateClasses('export class New extends Old {\n}\n')).toThrow(/not know/);
});
