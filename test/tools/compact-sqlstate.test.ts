import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import * as classes from '../../src/errors/generated/sqlstate.ts';
import { ERROR_CLASSES, WARNING_CLASSES } from '../../src/errors/generated/sqlstate-lookup.ts';
import { PostgresError, PostgresLogMessage } from '../../src/errors/postgres-error.ts';
import {
  compactSqlstateClasses,
  compactSqlstateLookup,
  everySqlstateClass,
  sqlstateMaker,
} from '../../tools/compact-sqlstate.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../src/errors/generated/${name}`, import.meta.url), 'utf8');
const source = read('sqlstate.ts');
const lookup = read('sqlstate-lookup.ts');

type Class = abstract new (...args: never) => { readonly name: string };

type Classes = Record<string, Class>;
type Lookup = Record<string, { get(sqlstate: string): Class | undefined }>;

/** The classes as they are in dist/, and the tables of them. */
function compacted(): { classes: Classes; tables: Lookup } {
  const body = (text: string): string =>
    stripTypeScriptTypes(text)
      .replace(/^import .*$/gm, '')
      .replace(/^export const (\w+)/gm, 'const $1 = exported.$1')
      .replace(/^export (?=function)/gm, '');
  const run = new Function(
    'PostgresError',
    'PostgresLogMessage',
    'exported',
    'tables',
    `${body(sqlstateMaker.code)}
    ${body(compactSqlstateClasses(source))}
    {
      const exported = tables;
      ${body(compactSqlstateLookup(lookup))}
    }`,
  );
  const exported: Classes = {};
  const tables: Lookup = {};
  run(PostgresError, PostgresLogMessage, exported, tables);
  return { classes: exported, tables };
}

/** The tables alone, as in a program that names none of the classes. */
function looked(): Lookup {
  const body = `${sqlstateMaker.code}\n${compactSqlstateLookup(lookup)}`
    .replace(/^import .*$/gm, '')
    .replace(/^export const (\w+)/gm, 'const $1 = exported.$1')
    .replace(/^export (?=function)/gm, '');
  const exported: Lookup = {};
  new Function('PostgresError', 'PostgresLogMessage', 'exported', body)(
    PostgresError,
    PostgresLogMessage,
    exported,
  );
  return exported;
}

type SqlstateClass = Class & { readonly sqlstate: string | null };

/** All at once, as the entry for Node has them. */
function atOnce(): Classes {
  const body =
    `${sqlstateMaker.code}\n${compactSqlstateLookup(lookup)}\n${everySqlstateClass(source)}`
      .replace(/^import .*$/gm, '')
      .replace(/^export (?=const|function)/gm, '');
  const run = new Function(
    'PostgresError',
    'PostgresLogMessage',
    `${body}\nreturn { ${Object.keys(classes).join(', ')} };`,
  );
  return run(PostgresError, PostgresLogMessage) as Classes;
}

/** What may be seen of a class and of an error of it, however the class keeps it. */
function viewOf(made: Class): object {
  const error = Reflect.construct(made as never, ['said']) as { name: string };
  const named = class extends (made as new (...args: unknown[]) => { name: string }) {
    static readonly sqlstate = 'ZX001';
    constructor() {
      super('said');
      this.name = 'Named';
    }
  };
  return {
    name: made.name,
    parent: (Object.getPrototypeOf(made) as Class).name,
    sqlstate: (made as SqlstateClass).sqlstate,
    members: Object.getOwnPropertyNames(made.prototype),
    own: Object.keys(error),
    error: { ...error, name: error.name, text: String(error) },
    json: JSON.stringify(error),
    subclass: {
      ...Object.getOwnPropertyDescriptors(new named()),
      static: [named.name, named.sqlstate],
      stack: null,
    },
  };
}

const viewsOf = (all: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(all).map(([name, made]) => [name, viewOf(made as Class)]));

test('the classes in dist/ are those of the source', () => {
  const made = compacted().classes;
  expect(Object.keys(made)).toHaveLength(263);
  expect(viewsOf(made)).toEqual(viewsOf(classes));
});

test('the classes that the entry for Node makes at once are those of the source', () => {
  const made = atOnce();
  expect(Object.keys(made)).toHaveLength(263);
  expect(viewsOf(made)).toEqual(viewsOf(classes));
});

test('an error of a class of dist/ is one of its parents, and takes their arguments', () => {
  const { UniqueViolationError, IntegrityConstraintViolationError } = compacted().classes;
  const error = Reflect.construct(UniqueViolationError as never, ['twice', { detail: 'd' }]);
  expect(error).toBeInstanceOf(IntegrityConstraintViolationError);
  expect(error).toBeInstanceOf(PostgresError);
  expect(error).toMatchObject({ message: 'twice', detail: 'd', sqlstate: '23505' });
  expect(String(error)).toBe('UniqueViolationError: twice\nDETAIL:  d');
});

test('the tables in dist/ have the classes that the program names', () => {
  const made = compacted();
  for (const [table, whole] of Object.entries({ ERROR_CLASSES, WARNING_CLASSES })) {
    for (const [sqlstate, { name }] of whole) {
      expect(made.tables[table]!.get(sqlstate)).toBe(made.classes[name]);
    }
  }
});

test('a table in dist/ makes a class, once, that the program does not name', () => {
  const tables = looked();
  for (const [table, whole] of Object.entries({ ERROR_CLASSES, WARNING_CLASSES })) {
    const { get } = tables[table]!;
    for (const [sqlstate, made] of whole) {
      expect(viewOf(get(sqlstate)!)).toEqual(viewOf(made as unknown as Class));
      expect(get(sqlstate)).toBe(get(sqlstate));
    }
    const unique = get('23505');
    if (unique !== undefined) expect(Object.getPrototypeOf(unique)).toBe(get('23000'));
    for (const none of ['', '2', '99999', '23505U', 'Error', ' 2350']) {
      expect(get(none)).toBeUndefined();
    }
  }
});

test('a class of another form is refused', () => {
  expect(() => compactSqlstateClasses('export class New extends Old {\n}\n')).toThrow(/not know/);
  expect(() => compactSqlstateLookup('export const A_CLASSES = [\n  [1, 2],\n];\n')).toThrow(
    /not know/,
  );
});
