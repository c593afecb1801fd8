/**
 * What dist/ has in place of src/errors/generated/sqlstate.ts: the same classes, each made by a call. As
 * class declarations the 263 take five times as long to compile, which every program pays for as it
 * starts; and no bundler may leave out one that has a static block, as it may leave out such a call.
 */
const CLASS =
  /export class (\w+) extends (\w+) \{\n(?: {2}static override readonly sqlstate: string = '(\w{5})';\n)? {2}static \{\n {4}named\(this, '\1'\);\n {2}\}\n(?: {2}declare readonly sqlstate: .+;\n)?\}/g;

const MAKE = `
function make(name, parent, sqlstate) {
  const made = { [name]: class extends parent {} }[name];
  if (sqlstate !== undefined) made.sqlstate = sqlstate;
  named(made, name);
  return made;
}
`;

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
  return compact + MAKE;
}
