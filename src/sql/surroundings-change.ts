import { callsUnknownFunction } from './harmless-calls.ts';
import { Lexer } from './lexer.ts';
import { pathNames } from './path-names.ts';
import { type Piece, statementsOf } from './pieces.ts';

/**
 * What a statement does to the settings that other texts' meaning depends on, as far as its text
 * tells. A value that the text does not tell is null; a reset has none.
 */
export type SurroundingsChange =
  | SettingChange
  | { readonly does: 'reset'; readonly name: string }
  | { readonly does: 'reset all' | 'commit' | 'roll back' | 'roll back to' }
  /** It may set any of them: it calls functions that are not PostgreSQL's own. */
  | { readonly does: 'call' };

export interface SettingChange {
  readonly does: 'set';
  readonly name: string;
  readonly value: string | null;
  /** For the transaction, and not beyond it. */
  readonly local: boolean;
}

/**
 * Settings by which a text that was parsed before would be parsed into something else now: what
 * names mean (search_path, and role for its "$user"), what literals and operators do, and how
 * constants are written.
 */
export const SURROUNDINGS: readonly string[] = [
  'search_path',
  'role',
  'session_authorization',
  'timezone',
  'datestyle',
  'intervalstyle',
  'timezone_abbreviations',
  'lc_monetary',
  'xmloption',
  'array_nulls',
  'standard_conforming_strings',
  'backslash_quote',
  'transform_null_equals',
  // Constants are turned into text when a statement is planned, not when it is executed.
  'bytea_output',
  'extra_float_digits',
  'quote_all_identifiers',
];

const NAMES = new Set(SURROUNDINGS);

const ANYTHING: readonly SurroundingsChange[] = SURROUNDINGS.map((name) => ({
  does: 'set',
  name,
  value: null,
  local: false,
}));

/** Texts without a match change nothing, except by functions. */
const SETTING =
  /\b(?:set|reset|discard|set_config|commit|end|rollback|abort|prepare|do|call|execute)\b/i;

const NONE: readonly SurroundingsChange[] = [];
const CALL: SurroundingsChange = { does: 'call' };

/** Longer texts, scripts of data mostly, are not read: they may set anything. */
const MAX_LENGTH = 64 * 1024;

/** Statements with expressions that are evaluated when they are executed. */
const EVALUATING = new Set(
  'select insert update delete merge with values table copy explain declare ('.split(' '),
);
const QUERY_WITHIN = /\bas\s+\(*\s*(?:select|with|values)\b/i;

/** The changes that the statements of a text make, in their order. `args`: the values of $1… */
export function surroundingsChanges(
  text: string,
  backslashes: boolean,
  args: readonly unknown[] = [],
): readonly SurroundingsChange[] {
  if (!SETTING.test(text) && !text.includes('(')) return NONE;
  if (text.length > MAX_LENGTH) return ANYTHING;
  const changes: SurroundingsChange[] = [];
  for (const { pieces, source } of statementsOf(text, backslashes)) {
    readStatement(pieces, args, changes);
    const verb = pieces[0]?.value ?? '';
    const mayCall = EVALUATING.has(verb) || (verb === 'create' && QUERY_WITHIN.test(source));
    if (mayCall && callsUnknownFunction(new Lexer(source, backslashes), 'set_config')) {
      changes.push(CALL);
    }
  }
  return changes;
}

function readStatement(
  pieces: readonly Piece[],
  args: readonly unknown[],
  changes: SurroundingsChange[],
): void {
  const verb = pieces[0];
  switch (verb?.is === 'word' ? verb.value : '') {
    case 'set':
      readSet(pieces, changes);
      return;
    case 'reset':
      readReset(pieces, changes);
      return;
    case 'discard':
      if (pieces[1]?.value === 'all') {
        changes.push({ does: 'reset all' });
        for (const name of ['session_authorization', 'role']) changes.push({ does: 'reset', name });
      }
      return;
    case 'commit':
    case 'end':
      changes.push({ does: 'commit' });
      return;
    case 'prepare':
      if (pieces[1]?.value === 'transaction') changes.push({ does: 'commit' });
      return;
    case 'rollback':
    case 'abort':
      changes.push({ does: pieces.some(isTo) ? 'roll back to' : 'roll back' });
      return;
    case 'do':
    case 'call':
    case 'execute':
      changes.push(CALL);
      return;
    default:
      if (updatesSettings(pieces)) changes.push(CALL);
      else if (!readConfigQuery(pieces, args, changes)) readConfigCalls(pieces, changes);
  }
}

/** `UPDATE pg_settings`, which sets what its rows say, maybe within a WITH. */
function updatesSettings(pieces: readonly Piece[]): boolean {
  const at = pieces.findIndex(({ is, value }) => is === 'word' && value === 'update');
  return (
    at >= 0 &&
    pieces.some(({ is, value }, i) => i > at && is !== 'string' && value === 'pg_settings')
  );
}

function isTo({ is, value }: Piece): boolean {
  return is === 'word' && value === 'to';
}

/** Words behind SET that are no name of a setting. */
const SPECIAL: Readonly<Record<string, string>> = {
  schema: 'search_path',
  xml: 'xmloption',
  session: 'session_authorization',
};

function readSet(pieces: readonly Piece[], changes: SurroundingsChange[]): void {
  let at = 1;
  const scope = pieces[1]?.value;
  const local = scope === 'local';
  // SET SESSION AUTHORIZATION is no SET SESSION of something else.
  if (local || (scope === 'session' && pieces[2]?.value !== 'authorization')) at = 2;
  const first = pieces[at];
  if (first === undefined) return;
  const [name, from] = settingAt(pieces, at);
  if (!NAMES.has(name)) return;
  const values = pieces.slice(from);
  if (values.length === 1 && values[0]!.is === 'word' && values[0]!.value === 'default') {
    // Within a transaction that may be SET LOCAL … TO DEFAULT: what it comes to is not told.
    changes.push(local ? { does: 'set', name, value: null, local } : { does: 'reset', name });
    return;
  }
  changes.push({ does: 'set', name, value: settingValue(name, values), local });
}

/** The setting that is named at a place, and where its value begins. */
function settingAt(pieces: readonly Piece[], at: number): [name: string, from: number] {
  const { value } = pieces[at]!;
  const next = pieces[at + 1];
  // The sign of a number right behind it is one piece with it.
  if (next !== undefined && (/^=[-+]?$/.test(next.value) || isTo(next)))
    return [value.toLowerCase(), at + 2];
  if (value === 'time' && next?.value === 'zone') return ['timezone', at + 2];
  if (value === 'role') return ['role', at + 1];
  const name = SPECIAL[value];
  if (name === undefined) return ['', at];
  return [name, value === 'schema' ? at + 1 : at + 2];
}

/** A list of names or strings in one form; null if it is anything else. */
function settingValue(name: string, values: readonly Piece[]): string | null {
  const list: string[] = [];
  for (const [i, { is, value }] of values.entries()) {
    if (i % 2 === 1) {
      if (value !== ',') return null;
    } else if (is === 'other') {
      return null;
    } else {
      list.push(value);
    }
  }
  if (list.length === 0) return null;
  if (name === 'search_path') return JSON.stringify(list);
  return list.length === 1 ? list[0]! : null;
}

function readReset(pieces: readonly Piece[], changes: SurroundingsChange[]): void {
  const value = pieces[1]?.value.toLowerCase() ?? '';
  const next = pieces[2]?.value;
  if (value === 'all') {
    changes.push({ does: 'reset all' });
  } else if (value === 'session' && next === 'authorization') {
    // The role goes with it.
    for (const name of ['session_authorization', 'role']) changes.push({ does: 'reset', name });
  } else {
    const name = value === 'time' && next === 'zone' ? 'timezone' : value;
    if (NAMES.has(name)) changes.push({ does: 'reset', name });
  }
}

/** `SELECT set_config('name', value, is_local)` and nothing else, of which the value is told. */
function readConfigQuery(
  pieces: readonly Piece[],
  args: readonly unknown[],
  changes: SurroundingsChange[],
): boolean {
  const at = pieces[1]?.value === 'pg_catalog' && pieces[2]?.value === '.' ? 3 : 1;
  const [called, open, name, comma, value, second, local, close, ...more] = pieces.slice(at);
  const isCall = called?.value === 'set_config' && open?.value === '(' && close?.value === ')';
  if (pieces[0]?.value !== 'select' || !isCall || more.length > 0) return false;
  if (name?.is !== 'string' || comma?.value !== ',' || second?.value !== ',') return false;
  if (local?.is !== 'word' || (local.value !== 'true' && local.value !== 'false')) return false;
  const number = /^\$(\d+)$/.exec(value!.value)?.[1];
  const given = number === undefined ? value!.value : args[Number(number) - 1];
  if (typeof given !== 'string' || (number === undefined && value!.is !== 'string')) return false;
  const change = settingOf(name.value, given);
  if (change !== null) changes.push({ ...change, local: local.value === 'true' });
  return true;
}

/** `set_config('name', value, is_local)`, as often as it is called in the statement. */
function readConfigCalls(pieces: readonly Piece[], changes: SurroundingsChange[]): void {
  for (const [at, { is, value }] of pieces.entries()) {
    if (is === 'other' && /^u&"/i.test(value)) changes.push(CALL);
    if (value !== 'set_config' || (is !== 'word' && is !== 'name')) continue;
    const name = pieces[at + 2];
    if (name?.is !== 'string' || pieces[at + 3]?.value !== ',') {
      changes.push(...ANYTHING);
    } else if (NAMES.has(name.value.toLowerCase())) {
      // It may stand where it is not executed, or as often as there are rows: the value is not told.
      const local = isTrue(lastArgument(pieces, at + 1));
      changes.push({ does: 'set', name: name.value.toLowerCase(), value: null, local });
    }
  }
}

/** The last piece in the brackets that are opened at a place. */
function lastArgument(pieces: readonly Piece[], open: number): Piece | undefined {
  let depth = 0;
  for (let at = open; at < pieces.length; at++) {
    const { value } = pieces[at]!;
    if (value === '(') depth += 1;
    else if (value === ')') depth -= 1;
    if (depth === 0) return pieces[at - 1];
  }
  return undefined;
}

function isTrue(piece: Piece | undefined): boolean {
  return piece?.is === 'word' && piece.value === 'true';
}

/** What set_config does to a setting for a transaction; null if no text's meaning depends on it. */
export function settingOf(name: string, value: string): SettingChange | null {
  const lower = name.toLowerCase();
  if (!NAMES.has(lower)) return null;
  const known = lower === 'search_path' ? pathNames(value) : value;
  return { does: 'set', name: lower, value: known, local: true };
}
