import { BUILTIN_FUNCTIONS } from './generated/builtin-functions.ts';
import type { Lexer } from './lexer.ts';

/**
 * Names in front of a bracket that leave nothing in the session: reserved words and types, which
 * no function of a user can be called without quotes, and functions of pg_catalog, which comes
 * first in every search_path that does not say otherwise. What is missing here is taken for a
 * function of the user's own, which costs a reset and no more. A user's function that is named
 * like one of these, in a schema that comes first or for other types, is not told apart.
 */
const HARMLESS = new Set(
  // Reserved words, what only stands in expressions, and types.
  (
    'in values analyze analyse and or not on using select from where having any some all array case when then ' +
    'else with union except intersect as limit offset returning exists row coalesce nullif ' +
    'greatest least lateral distinct is ilike between grouping trim treat xmlelement xmlforest ' +
    'xmlconcat xmlparse xmlroot xmlserialize xmltable json_table json_query json_value json_exists json_scalar ' +
    'json_serialize json_arrayagg json_objectagg json_array merge_action cast collation for user ' +
    'decimal dec character nchar varchar time timestamp float int uuid ' +
    // Functions that stand for an operator as well.
    'starts_with array_cat ' +
    // Those of the catalog that are called most: where they are all, the list of these is not read.
    'count sum min max avg now lower upper length abs round concat unnest array_agg string_agg json_agg ' +
    'jsonb_agg json_build_object jsonb_build_object to_json to_jsonb row_to_json generate_series ' +
    'row_number date_trunc to_char gen_random_uuid version current_database current_setting'
  ).split(' '),
);

/** Those of the catalog are a long list, made into a set when the first text asks for it. */
let builtins: ReadonlySet<string> | null = null;

function isBuiltin(name: string): boolean {
  builtins ??= readNames(BUILTIN_FUNCTIONS);
  return builtins.has(name);
}

function readNames(list: string): Set<string> {
  const names = new Set<string>();
  let name = '';
  for (const [part] of list.matchAll(/[A-Z][a-z\d_]*/g)) {
    name = name.slice(0, part.charCodeAt(0) - 65) + part.slice(1);
    names.add(name);
  }
  return names;
}

/** Behind these a name with a bracket is a table or an alias with its columns. */
const BEFORE_COLUMNS = new Set(['into', 'as', 'copy', 'with', 'recursive']);

/** Words that are no call behind a certain other one; empty: at the beginning. */
const PAIRS: Readonly<Record<string, string>> = {
  conflict: 'on',
  varying: 'character',
  // COPY … FROM STDIN (FORMAT …)
  stdin: 'from',
  stdout: 'to',
  materialized: 'as',
  // GROUP BY GROUPING SETS (…)
  sets: 'grouping',
  // The verb of the whole text.
  explain: '',
};

/** What stands behind "by" in GROUP BY (…), ORDER BY (…), PARTITION BY (…). */
const BEFORE_BY = new Set(['group', 'order', 'partition']);

/** Not reserved: a function may be named so, and is called by it wherever this is not in a list of GROUP BY. */
const GROUPINGS = new Set(['rollup', 'cube']);
/** What stands in front of these there. */
const BEFORE_GROUPING = new Set(['by', 'distinct', 'all', ',', '(']);

/** Behind a closing bracket these are no calls. */
const BEHIND_BRACKET = new Set(['over', 'filter']);

/** Words behind a certain other one, with a bracket that a call may follow: DISTINCT ON (…), RETURNING WITH (…). */
const FOLLOWED: Readonly<Record<string, string>> = { on: 'distinct', with: 'returning' };

const SUBQUERY = /^(?:select|with)$/i;

/**
 * Whether a text calls a function that is not known to leave the session as it is.
 *
 * @param known the name of one that the caller sees to itself
 */
export function callsUnknownFunction(lexer: Lexer, known: string = ''): boolean {
  /** The last name with what qualifies it, in small letters; empty behind anything else. */
  let name = '';
  let isQualified = false;
  let isQuoted = false;
  /** The piece in front of that name; empty if it is the first one. */
  let before = '';
  let last = '';
  let isCall = false;
  let isFirst = true;
  /** A bracket was seen that a call may follow. */
  let isFollowed = false;
  let depth = 0;
  /** How deep in brackets the list of a GROUP BY is that may go on; -1: there is none. */
  let groupedAt = -1;
  /** How many brackets of GROUPING SETS are open there, one in the other: each has such a list. */
  let sets = 0;
  const isGrouped = (): boolean => groupedAt >= 0 && depth === groupedAt + sets;
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    const piece = lexer.text.slice(start, end);
    // No argument begins with SELECT or WITH: then it is a query in brackets.
    if (isCall && !SUBQUERY.test(piece)) return true;
    isCall =
      piece === '(' &&
      name !== '' &&
      name !== known &&
      !isAlias(name, before, isFollowed) &&
      !isHarmless(name, isQualified, isQuoted, before, isGrouped());
    isFollowed ||= piece === '(' && (name === 'operator' || FOLLOWED[name] === before);
    if (piece === '(') {
      if (name === 'sets' && before === 'grouping' && isGrouped()) sets += 1;
      depth += 1;
    } else if (piece === ')' && --depth < groupedAt + sets) {
      if (sets > 0) sets -= 1;
      else groupedAt = -1;
    }
    if (token === 'word' || token === 'quoted name') {
      if (last === '.') {
        isQualified ||= name !== 'pg_catalog';
      } else {
        isQualified = false;
        before = isFirst ? '' : last;
      }
      isFirst = false;
      isQuoted = token === 'quoted name';
      name = isQuoted ? piece : piece.toLowerCase();
      last = name;
      if (name === 'by' || name === 'select' || name === 'returning') {
        groupedAt = name === 'by' && before === 'group' ? depth : -1;
        sets = 0;
      }
    } else {
      if (piece !== '.') name = '';
      last = piece;
    }
  }
  return isCall;
}

/** Whether the name behind that piece is one of a table with its columns, or a window's OVER and FILTER. */
function isAlias(name: string, before: string, isFollowed: boolean): boolean {
  if (before !== ')') return BEFORE_COLUMNS.has(before);
  // It ends an operand, and what comes behind one without an operator is no call.
  return !isFollowed || BEHIND_BRACKET.has(name);
}

function isHarmless(
  name: string,
  isQualified: boolean,
  isQuoted: boolean,
  before: string,
  isGrouped: boolean,
): boolean {
  if (isQualified || isQuoted) return false;
  if (HARMLESS.has(name) || PAIRS[name] === before || isBuiltin(name)) return true;
  if (GROUPINGS.has(name)) return isGrouped && BEFORE_GROUPING.has(before);
  return name === 'by' && BEFORE_BY.has(before);
}
