import type { UntypedQuery } from '../../session/requests/untyped-query-request.ts';
import type { KnownStatements } from '../../session/statements/known-statements.ts';
import type { Scope } from '../../session/statements/scope.ts';
import { newStatementName } from '../../session/statements/statement-name.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { DatabaseError } from './database-error.ts';
import type { RowLayout } from './row-layout.ts';

/** A statement that the server keeps for a text, once it was parsed. */
export interface KeptStatement {
  readonly name: string;
  /** What it was parsed in: in other surroundings the text may mean something else. */
  readonly scope: Scope;
  readonly definitions: number;
  isParsed: boolean;
  /** Its columns, null: it has none; undefined: not known yet. */
  columns: RowLayout | null | undefined;
  /** In which format they were described. */
  binary: boolean;
}

/** An execution that may use a statement which is kept. */
export interface KeptExecution {
  kept: KeptStatement | null;
  /** It was sent without Parse. */
  isReused: boolean;
  /** The portal was bound: what fails from then on is the query itself. */
  readonly isBound: boolean;
  /** Those that are known when it is sent, or were described; null: none. */
  columns: RowLayout | null;
}

/** What an execution is sent with. */
export type KeptQuery = Pick<UntypedQuery, 'text' | 'portal' | 'binary' | 'maxRows'> & {
  statement: string;
  describe: boolean;
};

/** The most that are kept on a connection. */
const MOST = 100;
/** Longer texts are not kept: neither is what `statementKind` says of them. */
const LONG = 8192;

/** What makes the server forget statements. */
const DISCARDS = /\b(?:deallocate|discard)\b/i;

const BLOCK = /\bdo\b/i;

/**
 * Classes of the SQLSTATE with which Parse or Bind may fail because of what was parsed before, and
 * not of the query: the columns or the types of parameters have changed, a pooler has another
 * session or other numbers of columns, a type or function was made anew.
 */
const DOUBTFUL = new Set(['0A', '08', '22', '26', '42', 'XX']);
/** Those of them by which other statements may be outdated as well. */
const GENERAL = new Set(['0A', '26', 'XX']);

/**
 * The statements of one connection with the option `prepare`, by their texts. They are of the
 * session's surroundings: with another search_path or time zone, or after the session has changed
 * the schema, a text is parsed anew.
 */
export class KeptStatements {
  readonly #session: KnownStatements;
  readonly #byText = new Map<string, KeptStatement>();
  /** A pooler gives us sessions that do not have what was parsed. */
  #isOff = false;

  constructor(session: KnownStatements) {
    this.#session = session;
  }

  /** Chooses the statement of an execution that is being sent. Whether it is to be parsed. */
  choose(query: KeptQuery, execution: KeptExecution): boolean {
    const kept = this.#find(query.text);
    execution.kept = kept;
    if (kept === null) return true;
    query.statement = kept.name;
    if (!kept.isParsed) return true;
    execution.isReused = true;
    const { columns } = kept;
    if (columns !== undefined && kept.binary === query.binary && isWhole(query)) {
      query.describe = false;
      execution.columns = columns;
    }
    return false;
  }

  #find(text: string): KeptStatement | null {
    if (this.#isOff || text.length > LONG || statementKind(text).parsedAnew) return null;
    const { scope, definitions: own } = this.#session.surroundings;
    const kept = this.#byText.get(text);
    if (kept !== undefined) {
      // The first of the map is the one that was not used for longest.
      this.#byText.delete(text);
      if (kept.scope === scope && kept.definitions === own.count) {
        this.#byText.set(text, kept);
        return kept;
      }
      this.#close(kept);
    } else if (this.#byText.size >= MOST) {
      this.#forget(...this.#byText.entries().next().value!);
    }
    const made: KeptStatement = {
      name: newStatementName(),
      scope,
      definitions: own.count,
      isParsed: false,
      columns: undefined,
      binary: false,
    };
    this.#byText.set(text, made);
    return made;
  }

  /** An execution was successful: its columns are known from now on. */
  succeeded({ binary }: KeptQuery, { kept, columns }: KeptExecution): void {
    if (kept === null || kept.columns !== undefined) return;
    kept.columns = columns;
    kept.binary = binary;
  }

  /** An execution has failed. Whether that may come of its statement alone, and not of the query. */
  failed({ text }: KeptQuery, execution: KeptExecution, error: DatabaseError): boolean {
    const { kept, isReused, isBound } = execution;
    if (kept === null) return false;
    const code = error.code ?? '';
    const family = code.slice(0, 2);
    if (isBound) {
      // A function of it may be gone. It may have done something, and is not repeated.
      if (code === 'XX000') this.clear();
      return false;
    }
    if (!kept.isParsed || (isReused && DOUBTFUL.has(family))) this.#forget(text, kept);
    if (isUnknown(error) || (!isReused && isChanged(error))) {
      // Not even what was parsed just now is there, or the text alone counts: there is a pooler.
      this.#isOff = true;
      this.clear();
      return true;
    }
    if (!isReused || !DOUBTFUL.has(family)) return false;
    if (GENERAL.has(family)) this.clear();
    return true;
  }

  /**
   * A query is sent, with or without a statement of these. `isOwn`: the session learns what it changes;
   * of one that speaks the protocol itself the text alone tells.
   */
  passing(text: unknown, isOwn: boolean): void {
    if (typeof text !== 'string') {
      if (!isOwn) this.clear();
    } else if (DISCARDS.test(text) || isBlock(text) || (!isOwn && changesSession(text))) {
      this.clear();
    }
  }

  /** Forgets them all. */
  clear(): void {
    for (const [text, kept] of this.#byText) this.#forget(text, kept);
  }

  #forget(text: string, kept: KeptStatement): void {
    if (this.#byText.get(text) === kept) this.#byText.delete(text);
    this.#close(kept);
  }

  #close({ name, isParsed }: KeptStatement): void {
    if (isParsed) this.#session.close(name);
  }
}

/**
 * Whether it may be or have a DO. What one has set is not known, and nobody is asked: after two of them the
 * surroundings are unknown alike, and are not the same. A function could do so as well, but most set nothing.
 */
function isBlock(text: string): boolean {
  if (!BLOCK.test(text)) return false;
  const { repeatable, callsUnknown, changesSurroundings } = statementKind(text);
  return !repeatable && (callsUnknown || changesSurroundings);
}

function changesSession(text: string): boolean {
  const { changesSchema, changesSurroundings } = statementKind(text);
  return changesSchema || changesSurroundings;
}

/** Whether all rows come at once of a portal without a name. */
function isWhole({ portal, maxRows }: KeptQuery): boolean {
  return portal === '' && maxRows === 0;
}

/** Whether the server does not have the statement, or has another one of its name. */
function isUnknown({ code }: DatabaseError): boolean {
  return code === '26000' || code === '42P05';
}

/** Whether the columns of a statement are not those that it was parsed with. */
function isChanged({ code, routine }: DatabaseError): boolean {
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}
