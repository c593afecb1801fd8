/**
 * What dist/ has in place of src/errors/generated/sqlstate.ts: the same classes, each made by a call. As
 * class declarations the 263 take five times as long to compile, which every program pays for as it
 * starts; and no bundler may leave out one that has a static block, as it may leave out such a call.
 */
const CLASS =
  /export class (\w+) extends (\w+) \{\n(?: {2}static override readonly sqlstate: string = '(\w{5})';\n)? {2}static \{\n {4}named\(this, '\1'\);\n {2}\}\n(?: {2}declare readonly sqlstate: .+;\n)?\}/g;

/**
 * What makes them: a module of its own, as all that sqlstate.ts exports is public. What a class says of itself is
 * read when it is asked for, which takes three fifths of what defining it does: V8 makes another layout of
 * objects for each property that is defined.
 */
export const sqlstateMaker = {
  /** The name that it is imported by. */
  name: './sqlstate-maker.ts',
  code: `const known = new Map();
function define(target, name, value) {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
export function make(name, parent, sqlstate = parent.sqlstate) {
  let made = known.get(name);
  if (made !== undefined) return made;
  made = class extends parent {
    static get name() { return name; }
    static get sqlstate() { return sqlstate; }
    static set sqlstate(value) { define(this, 'sqlstate', value); }
    get name() { return name; }
    set name(value) { define(this, 'name', value); }
  };
  known.set(name, made);
  return made;
}
`,
} as const;

const IMPORT_MAKER = `import { make } from '${sqlstateMaker.name}';\n`;

/**
 * @param source the generated module
 * @throws if it has anything that is not such a class
 */
export function compactSqlstateClasses(source: string): string {
  const compact = source.replace(
    CLASS,
    (_, name: string, parent: string, sqlstate: string | undefined) =>
      `export const ${name} = /* @__PURE__ */ make('${name}', ${parent}${sqlstate === undefined ? '' : `, '${sqlstate}'`});`,
  );
  if (/^(?:export )?class /m.test(compact)) {
    throw new Error('tools/compact-sqlstate.ts does not know a class of the generated sqlstate.ts');
  }
  return IMPORT_MAKER + compact.replace(/^import \{ named \} .*\n/m, '');
}

const ENTRY = /^ {2}\['(\w{5})', classes\.(\w+)\],$/gm;

/**
 * In place of the table of these classes, which would keep all of them in a bundle: one of their names, and a
 * class is made when an error of it comes, unless the program names it.
 *
 * @param source the generated module
 * @throws if it has anything that is not an entry of a class
 */
export function compactSqlstateLookup(source: string): string {
  const [, errors, warnings] = source.split(/^export const \w+_CLASSES/m);
  const names = (part: string | undefined): string => {
    const entries = [...(part ?? '').matchAll(ENTRY)];
    if (entries.length === 0 || entries.length !== part!.match(/^ {2}\[/gm)?.length) {
      throw new Error('tools/compact-sqlstate.ts does not know an entry of sqlstate-lookup.ts');
    }
    return entries.map(([, sqlstate, name]) => ` ${sqlstate}${name}`).join('');
  };
  return `import { PostgresError, PostgresLogMessage } from '../postgres-error.ts';
${IMPORT_MAKER}const ERRORS = '${names(errors)} ';
const WARNINGS = '${names(warnings)} ';
function classOf(names, sqlstate, base) {
  const at = sqlstate.length === 5 ? names.indexOf(' ' + sqlstate) : -1;
  if (at < 0) return undefined;
  const end = names.indexOf(' ', at + 6);
  const section = sqlstate.slice(0, 2) + '000';
  // A warning of a section without a class of its own, and that section's, are a PostgresWarning.
  const parent = section === sqlstate ? undefined : classOf(names, section, base);
  const general = base === PostgresLogMessage && sqlstate !== '01000' ? '01000' : '';
  return make(names.slice(at + 6, end), parent ?? classOf(names, general, base) ?? base, sqlstate);
}
export const ERROR_CLASSES = {
  get: (sqlstate) => classOf(ERRORS, sqlstate, PostgresError),
};
export const WARNING_CLASSES = {
  get: (sqlstate) => classOf(WARNINGS, sqlstate, PostgresLogMessage),
};
function addTo(made, names, base) {
  // A section's own class stands before the others of it.
  const parents = new Map();
  for (const entry of names.slice(1, -1).split(' ')) {
    const section = entry.slice(0, 2);
    const parent = parents.get(section) ?? parents.get('01') ?? base;
    const each = make(entry.slice(5), parent, entry.slice(0, 5));
    made[entry.slice(5)] = each;
    if (!parents.has(section) && entry.startsWith('000', 2)) parents.set(section, each);
  }
}
export function everyClass() {
  const made = { __proto__: null };
  addTo(made, ERRORS, PostgresError);
  addTo(made, WARNINGS, PostgresLogMessage);
  return made;
}
`;
}

/**
 * For the entry that exports all of these classes where no bundler reads it: they are made in a loop over the names of
 * the table, which is two fifths of what it costs to read and run a call for each.
 *
 * @param source the generated module of the classes
 */
export function everySqlstateClass(source: string): string {
  const classes = [...source.matchAll(CLASS)];
  const names = classes
    .filter(([, , , sqlstate]) => sqlstate !== undefined)
    .map(([, name]) => name);
  const others = classes.filter(([, , , sqlstate]) => sqlstate === undefined);
  return `import { everyClass } from './sqlstate-lookup.ts';
${IMPORT_MAKER}export const { ${names.join(', ')} } = everyClass();
${others.map(([, name, parent]) => `export const ${name} = make('${name}', ${parent});\n`).join('')}`;
}
