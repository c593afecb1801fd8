/**
 * Writes src/errors/generated/sqlstate.ts, a class for each SQLSTATE, and the look-up table
 * beside it, from tools/sqlstate.txt.
 *
 *   npm run generate:sqlstate              writes the file
 *   npm run generate:sqlstate -- --check   fails if the file is not what would be written
 *
 * To add the conditions of a new PostgreSQL version, add them to the table and run this.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Condition {
  readonly sqlstate: string;
  readonly isWarning: boolean;
  readonly conditionName: string;
}

interface Section {
  readonly code: string;
  readonly title: string;
  readonly conditions: Condition[];
}

const TABLE = new URL('./sqlstate.txt', import.meta.url);
const CLASSES = new URL('../src/errors/generated/sqlstate.ts', import.meta.url);
const LOOKUP = new URL('../src/errors/generated/sqlstate-lookup.ts', import.meta.url);

const HEADER =
  '// Generated from tools/sqlstate.txt by tools/generate-sqlstate.ts; not edited by hand.\n';

/** Names that do not follow from the condition's: they would clash, or read badly. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['01000', 'PostgresWarning'],
  ['08000', 'PostgresConnectionError'],
  ['08001', 'ClientCannotConnectError'],
  ['08004', 'ConnectionRejectionError'],
  ['22P01', 'PostgresFloatingPointError'],
  ['38002', 'ModifyingExternalRoutineSQLDataNotPermittedError'],
  ['38003', 'ProhibitedExternalRoutineSQLStatementAttemptedError'],
  ['38004', 'ReadingExternalRoutineSQLDataNotPermittedError'],
  ['39004', 'NullValueInExternalRoutineNotAllowedError'],
  ['40001', 'SerializationError'],
  ['42000', 'SyntaxOrAccessError'],
  ['42601', 'PostgresSyntaxError'],
  ['58000', 'PostgresSystemError'],
  ['58030', 'PostgresIOError'],
  ['P0000', 'PLPGSQLError'],
  ['P0004', 'AssertError'],
  ['XX000', 'InternalServerError'],
]);

const ACRONYMS: ReadonlySet<string> = new Set(['sql', 'fdw']);

function className({ sqlstate, isWarning, conditionName }: Condition): string {
  const renamed = RENAMED.get(sqlstate);
  if (renamed !== undefined) return renamed;
  const name = conditionName
    .split('_')
    .map((word) =>
      ACRONYMS.has(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join('');
  if (isWarning) return name;
  return `${name.replace(/(Exception|Error)$/, '')}Error`;
}

function readTable(text: string): Section[] {
  const sections: Section[] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const header = /^= ([0-9A-Z]{2}) (.+)$/.exec(line);
    if (header !== null) {
      sections.push({ code: header[1] ?? '', title: header[2] ?? '', conditions: [] });
      continue;
    }
    const condition = /^([0-9A-Z]{5}) ([EW]) ([a-z_]+)$/.exec(line);
    const section = sections.at(-1);
    const sqlstate = condition?.[1] ?? '';
    if (condition === null || section?.code !== sqlstate.slice(0, 2) || seen.has(sqlstate)) {
      throw new Error(`sqlstate.txt, line ${index + 1}: cannot be understood: ${line}`);
    }
    seen.add(sqlstate);
    section.conditions.push({
      sqlstate,
      isWarning: condition[2] === 'W',
      conditionName: condition[3] ?? '',
    });
  }
  return sections;
}

/** The class of the section, if the section has one and the condition is not it. */
function baseName(section: Section, condition: Condition): string {
  if (condition.sqlstate === '01000') return 'PostgresLogMessage';
  const generic = section.conditions.find((other) => other.sqlstate === `${section.code}000`);
  if (generic !== undefined && generic !== condition) return className(generic);
  return condition.isWarning ? 'PostgresWarning' : 'PostgresError';
}

/** What the `sqlstate` of an instance can be: of a section's class, that of any class below. */
function sqlstateType({ sqlstate }: Condition): string {
  const anyOf = (code: string) => `\`${code}\${string}\``;
  if (sqlstate === '01000') return `${anyOf('01')} | ${anyOf('02')}`;
  return sqlstate.endsWith('000') ? anyOf(sqlstate.slice(0, 2)) : `'${sqlstate}'`;
}

function writeClass(section: Section, condition: Condition): string {
  const name = className(condition);
  const { sqlstate, conditionName } = condition;
  return `
/** ${sqlstate}, \`${conditionName}\`. */
export class ${name} extends ${baseName(section, condition)} {
  static override readonly sqlstate: string = '${sqlstate}';
  static {
    named(this, '${name}');
  }
  declare readonly sqlstate: ${sqlstateType(condition)};
}
`;
}

const CACHED_STATEMENT = `
/**
 * 0A000 as raised for "cached plan must not change result type": a table or type changed after
 * the statement was prepared. Prepared anew, the statement works.
 */
export class InvalidCachedStatementError extends FeatureNotSupportedError {
  static {
    named(this, 'InvalidCachedStatementError');
  }
  declare readonly sqlstate: '0A000';
}
`;

function writeMap(name: string, comment: string, base: string, conditions: Condition[]): string {
  const entries = conditions.map((each) => `  ['${each.sqlstate}', classes.${className(each)}],\n`);
  return `
/** ${comment} */
export const ${name}: ReadonlyMap<string, typeof ${base}> = new Map<
  string,
  typeof ${base}
>([
${entries.join('')}]);
`;
}

function writeClasses(sections: readonly Section[]): string {
  let text = `${HEADER}import { named } from '../named.ts';
import { PostgresError, PostgresLogMessage } from '../postgres-error.ts';
`;
  for (const section of sections) {
    text += `\n// Class ${section.code}: ${section.title}\n`;
    for (const condition of section.conditions) {
      text += writeClass(section, condition);
      if (condition.sqlstate === '0A000') text += CACHED_STATEMENT;
    }
  }
  return text;
}

function writeLookup(sections: readonly Section[]): string {
  const all = sections.flatMap((section) => section.conditions);
  return `${HEADER}import type { PostgresError, PostgresLogMessage } from '../postgres-error.ts';
import * as classes from './sqlstate.ts';
${writeMap(
  'ERROR_CLASSES',
  'The class of each SQLSTATE that is an error.',
  'PostgresError',
  all.filter((condition) => !condition.isWarning),
)}${writeMap(
  'WARNING_CLASSES',
  'The class of each SQLSTATE that is a warning.',
  'PostgresLogMessage',
  all.filter((condition) => condition.isWarning),
)}`;
}

const sections = readTable(readFileSync(TABLE, 'utf8'));
const generated = new Map([
  [CLASSES, writeClasses(sections)],
  [LOOKUP, writeLookup(sections)],
]);
for (const [target, text] of generated) {
  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target.pathname} is stale: npm run generate:sqlstate writes it`);
    process.exitCode = 1;
  }
}
