/**
 * What dist/ has in place of src/errors/generated/sqlstate.ts: the same classes, each made by a call. As
 * class declarations the 263 take five times as long to compile, which every program pays for as it
 * starts; and no bundler may leave out one that has a static block, as it may leave out such a call.
 */
const CLASS =
  /export class (\w+) extends (\w+) \{\n(?: {2}static override readonly sqlstate: string = '(\w{5})';\n)? {2}static \{\n {4}named\(this, '\1'\);\n {2}\}\n(?: {2}declare readonly sqlstate: .+;\n)?\}/g;

/** What makes them: a module of its own, as all that sqlstate.ts exports is public. */
export const sqlstateMaker = {
  /** The name that it is imported by. */
  name: './sqlstate-maker.ts',
  code: `import { named } from '../named.ts';
const known = new Map();
export function make(name, parent, sqlstate) {
  let made = known.get(name);
  if (made !== undefined) return made;
  // An object without a prototype is a dictionary: 263 names make no hidden classes of it.
  made = { __proto__: null, [name]: class extends parent {} }[name];
  if (sqlstate !== undefined) made.sqlstate = sqlstate;
  named(made, name);
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
${IMPORT_MAKER}function classOf(names, sqlstate, base) {
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
  get: (sqlstate) => classOf('${names(errors)} ', sqlstate, PostgresError),
};
export const WARNING_CLASSES = {
  get: (sqlstate) => classOf('${names(warnings)} ', sqlstate, PostgresLogMessage),
};
`;
}
