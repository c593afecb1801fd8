import { callsUnknownFunction } from './harmless-calls.ts';
import {
  type HolderNeed,
  holdsLock,
  MENTIONS_LOCK,
  needOfOpening,
  needOfScript,
} from './holder-need.ts';
import { Lexer } from './lexer.ts';
import { nextPiece, QUERIES, readOpening, wordOf } from './opening.ts';
import { isRemarkable, NO_REMARKS, readRemarks } from './remarks.ts';
import { NO_EFFECTS, type ScriptEffects, scriptEffects } from './script-effects.ts';
import { type SurroundingsChange, surroundingsChanges } from './surroundings-change.ts';

/**
 * What a text of SQL does to the session and the transaction that it is executed in, as far as the
 * text tells. In doubt it is said to do the most: a text that is not understood is not shareable,
 * not repeatable, lasting, and may commit. What a function of the user's own does is not seen.
 */
export interface StatementKind extends ScriptEffects {
  /**
   * One statement that leaves the session, and whatever runs on it next, as if it had not been:
   * others' may be executed in the same session right before and after it. Always repeatable.
   */
  readonly shareable: boolean;
  /**
   * One statement that is undone wholly when it fails outside of a transaction, so that it may be
   * executed once more. Not what may have committed before (CALL, DO, several statements), nor
   * what outlives a rollback (advisory locks, sequences, other servers).
   */
  readonly repeatable: boolean;
  /**
   * May leave something in the session that outlives the transaction (settings, locks, temporary
   * tables, LISTEN), so that it must be undone before somebody else gets the session.
   */
  readonly lasting: boolean;
  /** May leave in the session what no statement undoes: only a new session is without it. */
  readonly outlastsReset: boolean;
  /**
   * May call functions that it does not name: triggers, by what it writes. What views, operators,
   * casts and policies call is not counted.
   */
  readonly firesTriggers: boolean;
  /** May change what statements were prepared for. */
  readonly changesSchema: boolean;
  /** May make permanent what it and those before it in its transaction have done. */
  readonly mayCommit: boolean;
  /** May make the server keep a statement under a name. */
  readonly mentionsPrepare: boolean;
  /**
   * It is not kept as a prepared statement, since it may be another each time and the server does
   * not say so. FETCH and EXECUTE have the columns of the cursor or statement that they name.
   * A string with `now` or `today` in it may be a time that the server reads when it parses.
   */
  readonly parsedAnew: boolean;
  /** May set what the meaning of other texts depends on: see surroundings-change.ts. */
  readonly changesSurroundings: boolean;
  /** Whatever it may set of that, it does by ending a transaction. */
  readonly onlyEnds: boolean;
  /** The same, but for functions alone that it calls: most of those set nothing. */
  readonly callsUnknown: boolean;
  /** Does none of that, and drops no statements: what is known of others stays true. */
  readonly leavesStatements: boolean;
  /**
   * Why it makes sense only for somebody who goes on in the same session; null: it does not need
   * that. In doubt it is null: such a text is refused where nobody can go on.
   */
  readonly needsHolder: HolderNeed | null;
}

/** Texts whose kind is kept, and how many characters they may have together and each. */
const MAX_KEPT = 2000;
const MAX_KEPT_LENGTH = 2_000_000;
const MAX_TEXT_LENGTH = 8192;

const kept = new Map<string, StatementKind>();
let keptLength = 0;

/** The kind of a text, which is remembered. */
export function statementKind(text: string): StatementKind {
  return kept.get(text) ?? judgeAndKeep(text);
}

/** What may rename or alter types that the session knows, or make others of their names. */
const TYPE_CHANGE = /\balter\b|\b(?:create|drop)\s+(?:type|domain|extension)\b/i;

/** Whether types, or tables whose rows are values, may not be what they were after a text. */
export function mayChangeTypes(text: string): boolean {
  return TYPE_CHANGE.test(text) && statementKind(text).changesSchema;
}

function judgeAndKeep(text: string): StatementKind {
  const kind = judgeText(text);
  const { length } = text;
  if (length > MAX_TEXT_LENGTH) return kind;
  if (kept.size >= MAX_KEPT || keptLength + length > MAX_KEPT_LENGTH) {
    kept.clear();
    keptLength = 0;
  }
  kept.set(text, kind);
  keptLength += length;
  return kind;
}

/** Where strings end may depend on `standard_conforming_strings`: then it is both that count. */
function judgeText(text: string): StatementKind {
  const plain = plainKind(text);
  if (plain !== null) return plain;
  const kind = judge(text, false);
  return text.includes('\\') ? worst(kind, judge(text, true)) : kind;
}

/** How most statements begin. PostgreSQL takes no other character for a blank. */
const PLAIN = /^[\t-\r ]*(?:(select)|insert[\t-\r ]+into|update|delete[\t-\r ]+from)(?=[\t-\r ])/i;

/** Behind that, whatever `judge` finds in such a statement, and where it may be several. */
const NOTABLE =
  /[;\\]|&"|\binto\b|\btemp(?:orary)?\b|set(?:_config|val|seed)|advisory|dblink|pg_(?:temp|settings|start_backup|backup)|replication_(?:slot|origin)|now|today|tomorrow|yesterday/i;

/**
 * The kind of a statement that has nothing in it by which `judge` would tell it from others, which is
 * most texts, and the first one of a short program: one look instead of ten. Null: it has to be read.
 */
function plainKind(text: string): StatementKind | null {
  const opening = text.length > MAX_TEXT_LENGTH ? null : PLAIN.exec(text);
  if (opening === null || NOTABLE.test(text.slice(opening[0].length))) return null;
  if (text.includes('(') && callsUnknownFunction(new Lexer(text, false))) return null;
  return kindOf({
    shareable: true,
    repeatable: true,
    lasting: false,
    outlastsReset: false,
    firesTriggers: opening[1] === undefined,
    changesSchema: false,
    mayCommit: false,
    mentionsPrepare: false,
    parsedAnew: false,
    changesSurroundings: false,
    onlyEnds: true,
    callsUnknown: false,
    needsHolder: null,
    ...NO_EFFECTS,
  });
}

function worst(one: StatementKind, other: StatementKind): StatementKind {
  return kindOf({
    shareable: one.shareable && other.shareable,
    repeatable: one.repeatable && other.repeatable,
    lasting: one.lasting || other.lasting,
    outlastsReset: one.outlastsReset || other.outlastsReset,
    firesTriggers: one.firesTriggers || other.firesTriggers,
    changesSchema: one.changesSchema || other.changesSchema,
    mayCommit: one.mayCommit || other.mayCommit,
    mentionsPrepare: one.mentionsPrepare || other.mentionsPrepare,
    parsedAnew: one.parsedAnew || other.parsedAnew,
    changesSurroundings: one.changesSurroundings || other.changesSurroundings,
    onlyEnds: one.onlyEnds && other.onlyEnds,
    callsUnknown: one.callsUnknown || other.callsUnknown,
    needsHolder: one.needsHolder === other.needsHolder ? one.needsHolder : null,
    endsTransaction: one.endsTransaction || other.endsTransaction,
    copies: one.copies ?? other.copies,
    unlistens: one.unlistens || other.unlistens,
    dropsStatements: one.dropsStatements || other.dropsStatements,
  });
}

const NEEDS: readonly (HolderNeed | null)[] = [
  null,
  'transaction',
  'local setting',
  'lock',
  'channel',
];

/** There are few kinds, and one object for each of them. */
const kinds = new Map<number, StatementKind>();

function kindOf(known: Omit<StatementKind, 'leavesStatements'>): StatementKind {
  const { changesSchema, changesSurroundings, callsUnknown, dropsStatements } = known;
  const kind = {
    ...known,
    leavesStatements: !(changesSchema || changesSurroundings || callsUnknown || dropsStatements),
  };
  const index =
    Number(kind.shareable) +
    2 * Number(kind.repeatable) +
    4 * Number(kind.lasting) +
    8 * Number(kind.changesSchema) +
    16 * Number(kind.mayCommit) +
    32 * Number(kind.mentionsPrepare) +
    64 * Number(kind.parsedAnew) +
    128 * Number(kind.endsTransaction) +
    256 * Number(kind.copies === 'to client') +
    512 * Number(kind.copies === 'from client') +
    1024 * Number(kind.unlistens) +
    2048 * Number(kind.changesSurroundings) +
    4096 * Number(kind.callsUnknown) +
    8192 * Number(kind.firesTriggers) +
    16384 * Number(kind.dropsStatements) +
    32768 * Number(kind.onlyEnds) +
    65536 * Number(kind.outlastsReset) +
    131072 * NEEDS.indexOf(kind.needsHolder);
  const same = kinds.get(index);
  if (same !== undefined) return same;
  kinds.set(index, Object.freeze(kind));
  return kind;
}

/** So are these, and they leave nothing in the session either. */
const LIKE_QUERIES = new Set(['show', 'notify']);

/** Verbs of statements that leave nothing in the session once their transaction is over. */
const TRANSACTIONAL = new Set(
  (
    'begin start commit end rollback abort savepoint release lock copy fetch move close create ' +
    'alter drop truncate comment grant revoke vacuum analyze reindex refresh'
  ).split(' '),
);

/** Verbs of other statements that never commit. */
const NEVER_COMMIT = new Set(
  (
    'begin start savepoint release lock copy fetch move close truncate comment grant revoke ' +
    'refresh set reset listen unlisten declare execute deallocate load'
  ).split(' '),
);

/** Verbs of statements that change the schema. Some of these commit. */
const DEFINITIONS = new Set(['create', 'alter', 'drop']);

/** Their objects that are made in a transaction of its own; so is everything CONCURRENTLY. */
const OWN_TRANSACTION = new Set(['database', 'tablespace', 'system', 'subscription']);

const QUERY_WITHIN = /\bas\s+\(*\s*(?:select|with|values)\b/i;

const INTO = /\binto\b/i;

/** Special values of dates and times, but not calls of now(). */
const MOMENT = /(?<![a-z_])(?:now|today|tomorrow|yesterday)(?![a-z_]|\s*\()/i;

const PREPARE = /\bprepare\b/i;
/** The seed of random(), connections of dblink, a backup, the origin of replication, a temporary slot. */
const OUTLASTS_RESET =
  /setseed|(?:^|;)\s*set\s+(?:session\s+|local\s+)?seed\b|set_config\s*\(\s*'seed'|dblink_connect|pg_(?:backup_start|start_backup)|replication_origin_session|(?:create|copy)_\w+_replication_slot/i;
/** A definition in a string that a function may execute. */
const DEFINED =
  /\b(?:create|alter|drop)\s+(?:or\s+replace\s+|(?:local|global|temp|temporary|unlogged|materialized|foreign|recursive)\s+)*(?:table|type|domain|view|schema|sequence)\b/i;
const DEFINITION = /\b(?:create|alter|drop)\b/i;

function judge(text: string, backslashes: boolean): StatementKind {
  const opening = readOpening(text, backslashes);
  if (opening === null) return unknown(text, backslashes);
  const { verb, second } = opening;
  const remarks = isRemarkable(text, DEFINITIONS.has(verb))
    ? readRemarks(text, backslashes)
    : NO_REMARKS;
  const isQuery = QUERIES.has(verb) || LIKE_QUERIES.has(verb);
  const lasting =
    remarks.isLasting ||
    !(isQuery || isTransactional(verb, second)) ||
    (mayCall(verb, text) && callsUnknownFunction(new Lexer(text, backslashes)));
  return kindOf({
    shareable: isQuery && !lasting,
    repeatable: isQuery && remarks.isUndone,
    lasting,
    outlastsReset: lasting && OUTLASTS_RESET.test(text),
    firesTriggers: lasting || firesTriggers(verb, text),
    changesSchema: changesSchema(verb, text, backslashes) || (lasting && DEFINED.test(text)),
    mayCommit: !isQuery && mayCommit(verb, second, remarks.isConcurrent),
    mentionsPrepare: lasting && PREPARE.test(text),
    parsedAnew: verb === 'fetch' || verb === 'execute' || hasMoment(text, backslashes),
    ...surroundingsOf(text, backslashes),
    needsHolder:
      isQuery && MENTIONS_LOCK.test(text) && holdsLock(new Lexer(text, backslashes))
        ? 'lock'
        : needOfOpening(verb, second),
    ...(isQuery ? NO_EFFECTS : effectsOf(text, backslashes)),
  });
}

/** What is not understood, or several statements in one text. */
function unknown(text: string, backslashes: boolean): StatementKind {
  return kindOf({
    shareable: false,
    repeatable: false,
    lasting: true,
    outlastsReset: OUTLASTS_RESET.test(text),
    firesTriggers: true,
    changesSchema: DEFINITION.test(text),
    mayCommit: true,
    mentionsPrepare: PREPARE.test(text),
    parsedAnew: hasMoment(text, backslashes),
    ...surroundingsOf(text, backslashes),
    needsHolder: needOfScript(text, backslashes),
    ...effectsOf(text, backslashes),
  });
}

/** Why several texts of one call need somebody who goes on in the session. */
export function needOfTexts(texts: readonly string[]): HolderNeed | null {
  if (texts.every((text) => statementKind(text).needsHolder === null)) return null;
  return judgeText(texts.join('\n;\n')).needsHolder;
}

function effectsOf(text: string, backslashes: boolean): ScriptEffects {
  const { endsTransaction, copies, unlistens, dropsStatements } = scriptEffects(text, backslashes);
  return { endsTransaction, copies, unlistens, dropsStatements };
}

const ENDS: ReadonlySet<string> = new Set<SurroundingsChange['does']>([
  'commit',
  'roll back',
  'roll back to',
]);

function surroundingsOf(
  text: string,
  backslashes: boolean,
): Pick<StatementKind, 'changesSurroundings' | 'onlyEnds' | 'callsUnknown'> {
  const changes = surroundingsChanges(text, backslashes);
  const callsUnknown = changes.length > 0 && changes.every(({ does }) => does === 'call');
  const onlyEnds = changes.every(({ does }) => ENDS.has(does));
  return { changesSurroundings: changes.length > 0 && !callsUnknown, onlyEnds, callsUnknown };
}

function changesSchema(verb: string, text: string, backslashes: boolean): boolean {
  if (DEFINITIONS.has(verb) || verb === 'discard' || verb === 'import') return true;
  if (verb === 'do' || verb === 'call') return DEFINITION.test(text);
  return (verb === 'select' || verb === 'with') && isSelectInto(text, backslashes);
}

function isSelectInto(text: string, backslashes: boolean): boolean {
  if (!INTO.test(text)) return false;
  const lexer = new Lexer(text, backslashes);
  let before = '';
  while (nextPiece(lexer)) {
    const word = wordOf(lexer);
    // Not that of INSERT or MERGE, which may stand in a WITH.
    if (word === 'into' && before !== 'insert' && before !== 'merge') return true;
    before = word;
  }
  return false;
}

/** Whether a string may stand for a time that is another one each time it is read. */
function hasMoment(text: string, backslashes: boolean): boolean {
  if (!MOMENT.test(text)) return false;
  const lexer = new Lexer(text, backslashes);
  while (lexer.next()) {
    const { token, start, end } = lexer;
    const isString = token === 'string' || token === 'dollar string';
    if (isString && MOMENT.test(text.slice(start, end))) return true;
  }
  return false;
}

function isTransactional(verb: string, second: string): boolean {
  if (verb === 'set') return second === 'local' || second === 'transaction';
  return TRANSACTIONAL.has(verb);
}

/** Whether functions may be called while the statement is executed. */
function mayCall(verb: string, text: string): boolean {
  if (!text.includes('(')) return false;
  return QUERIES.has(verb) || verb === 'copy' || (DEFINITIONS.has(verb) && QUERY_WITHIN.test(text));
}

/** Verbs of statements that write nothing, and COPY and WITH, which may. */
const READS = new Set(
  (
    'select values table show notify begin start commit end rollback abort savepoint release lock ' +
    'fetch move close set'
  ).split(' '),
);
const WRITES_WITHIN = /\b(?:insert|update|delete|merge)\b/i;
const COPIES_OUT = /\bto\s+stdout\b/i;

function firesTriggers(verb: string, text: string): boolean {
  if (verb === 'with') return WRITES_WITHIN.test(text);
  if (verb === 'copy') return !COPIES_OUT.test(text);
  return !READS.has(verb);
}

function mayCommit(verb: string, second: string, isConcurrent: boolean): boolean {
  if (DEFINITIONS.has(verb)) return isConcurrent || OWN_TRANSACTION.has(second);
  if (verb === 'prepare') return second === 'transaction';
  return !NEVER_COMMIT.has(verb);
}
