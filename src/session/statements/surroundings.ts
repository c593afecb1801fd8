import { PostgresError } from '../../errors/postgres-error.ts';
import type { TransactionStatus } from '../../protocol/backend/session.ts';
import { madeNames } from '../../sql/made-names.ts';
import { pathNames } from '../../sql/path-names.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import {
  SURROUNDINGS,
  type SurroundingsChange,
  surroundingsChanges,
} from '../../sql/surroundings-change.ts';
import type { Server } from '../server.ts';
import { ArrayNullsSetting } from './array-nulls-setting.ts';
import type { Scope } from './scope.ts';
import type { Statement } from './statement.ts';
import {
  NO_VALUES,
  UnreportedSettings,
  USER_SETTINGS,
  type Values,
  withValue,
} from './unreported-settings.ts';

/** What is asked of a request. */
interface Sent {
  /** What it has failed with, once it is answered. */
  readonly error: unknown;
}

const TEMPORARY = /\btemp(?:orary)?\b/i;
const USER_SCHEMA = /\b(?:schema|role|user|group)\b/i;
const DISCARD = /\bdiscard\b/i;
/**
 * Definitions that do not outdate each plan that depends on them: not one with the rows of a table which a
 * function returns, nor one with a constant of a type, or with the number of a type, cast or configuration.
 */
const ALTERING = /\balter\b|\bdrop\s+(?:type|domain|cast|operator|text|collation|extension)\b/i;

/** A query that is executed. */
interface Executed {
  readonly text: string;
  readonly args?: readonly unknown[] | undefined;
}

/** A request under way whose texts may change the surroundings. */
interface Pending {
  readonly request: Sent;
  readonly changes: readonly SurroundingsChange[];
  /** Those of its statements that call functions of the user's own. */
  readonly callers: readonly Statement[];
  readonly scope: Scope;
}

const NO_STATEMENTS: readonly Statement[] = [];
/** More than a session has at once; the names are then given anew. */
const MAX_SCOPES = 1000;
/** Of more definitions in one transaction it is not kept which texts they concern. */
const MAX_ALTERED = 50;

/** Texts with one of these names in them; null: any text, undefined: none. */
function textsWith(names: readonly string[] | null): RegExp | null | undefined {
  if (names === null) return null;
  if (names.length === 0) return undefined;
  const any = names.map((name) => name.replaceAll(/[^\w\u0080-\uffff]/g, '.')).join('|');
  return new RegExp(`(?<![\\w$])(?:${any})(?![\\w$])`, 'i');
}

/**
 * What the meaning of a text depends on besides the text: the search_path and what else
 * `SURROUNDINGS` names. What is known of a statement holds for the surroundings that it was prepared in.
 *
 * The server reports most of it when it changes. What it does not report (before PostgreSQL 18 the
 * search_path) is followed by the texts that set it, and asked for where they do not tell. Until a
 * request that may change it is answered, no statement that is known is used.
 */
export class Surroundings {
  /** The present ones, as far as everything that was sent is answered. */
  scope: Scope;
  /** Whether they are not certain, so that `settle` has to come first. */
  isUnsettled = false;
  /** Grows with each definition of the session's own: what was known before is in doubt. */
  definitions = 0;
  /** The last one after which the server may have plans of functions that are wrong now, without a word. */
  alteredAt = 0;
  /** Whether a statement that proves to be outdated can be repeated as if nothing had been. */
  readonly mayRepeat: () => boolean;
  /** Whether schemas are named like roles, so that "$user" may stand for one; null: not known. */
  hasUserSchemas: boolean | null = null;
  /** Requests are under way that may change something. */
  isPending = false;
  readonly #server: Server;
  /** The user that the session has begun as. */
  readonly #user: string;
  /** Called when what is known of statements is no longer true: of all, or of some by their texts. */
  readonly #outdated: (texts: RegExp | null) => void;
  readonly #scopes = new Map<string, Scope>();
  readonly #pending: Pending[] = [];
  #waiters: (() => void)[] = [];
  readonly #unreported: UnreportedSettings;
  readonly arrayNulls: ArrayNullsSetting;
  /** The open transaction has made or dropped objects, which its end may undo. */
  #hasDefined = false;
  /** Texts that are concerned by those among them which do not outdate each plan; null: any. */
  #altered: (RegExp | null)[] = [];
  /** Temporary objects were made, which DISCARD TEMP drops. */
  #hasTemporary = false;
  /** A statement that has called functions which may have set what is not known now. */
  #suspect: Pending | null = null;

  constructor(server: Server, mayRepeat: () => boolean, outdated: (texts: RegExp | null) => void) {
    this.#server = server;
    this.#unreported = new UnreportedSettings((name) => this.#isReported(name));
    this.arrayNulls = new ArrayNullsSetting(this.#unreported);
    this.#user = this.#userIn(NO_VALUES, NO_VALUES);
    this.mayRepeat = mayRepeat;
    this.#outdated = outdated;
    this.scope = this.#scopeNow();
    const reported = (): void => this.#reported();
    server.onReport = reported;
  }

  // ── Requests ────────────────────────────────────────────────────────────────────────────

  /** A request was sent that executes these queries. `statements`: those of the queries, if known. */
  sent(
    request: Sent,
    queries: readonly Executed[],
    statements: readonly Statement[] = NO_STATEMENTS,
  ): void {
    let dropsStatements = false;
    let definesObjects = false;
    const concerned = queries.filter(({ text }, i) => {
      const kind = statementKind(text);
      dropsStatements ||= kind.dropsStatements;
      definesObjects ||= kind.changesSchema || (this.#hasTemporary && DISCARD.test(text));
      if (kind.callsUnknown) return statements[i]?.leavesSurroundings !== true;
      return kind.changesSurroundings && this.#mayChange(text);
    });
    if (dropsStatements) this.#dropped();
    if (definesObjects) {
      this.#hasDefined = true;
      this.definitions += 1;
      for (const { text } of queries) {
        if (statementKind(text).changesSchema) this.#made(text);
      }
      if (queries.some(({ text }) => USER_SCHEMA.test(text))) this.hasUserSchemas = null;
      for (const { text } of queries) {
        if (DISCARD.test(text)) this.#hasTemporary = false;
        else if (TEMPORARY.test(text)) this.#hasTemporary = true;
      }
    } else if (concerned.length === 0) {
      return;
    }
    const callers = statements.filter(({ kind }) => kind.callsUnknown);
    this.isPending = true;
    this.#pending.push({
      request,
      changes: concerned.flatMap(changesBy),
      callers,
      scope: this.scope,
    });
    if (concerned.length > 0) this.isUnsettled = true;
  }

  /** What the open transaction has defined is undone, or may be. */
  #redefined(): void {
    this.definitions += 1;
    if (this.#altered.length > 0) this.alteredAt = this.definitions;
    for (const texts of this.#altered) this.#outdated(texts);
  }

  /** The server does not have what was prepared, from here on. */
  #dropped(): void {
    this.definitions += 1;
    this.#outdated(null);
  }

  /**
   * A statement that names what is made now may mean that from here on, e.g. a temporary table in
   * place of a permanent one. The server does not find it outdated.
   */
  #made(text: string): void {
    const texts = textsWith(text.includes('\\') ? null : madeNames(text, false));
    if (ALTERING.test(text)) {
      if (this.#altered.length === MAX_ALTERED) this.#altered = [null];
      else if (this.#altered[0] !== null) this.#altered.push(texts ?? null);
      this.alteredAt = this.definitions;
    }
    if (texts !== undefined) this.#outdated(texts);
  }

  /** A request was sent with statements ahead of it that make these changes. */
  sentAhead(request: Sent, changes: readonly SurroundingsChange[]): void {
    this.isPending = true;
    this.#pending.push({ request, changes, callers: NO_STATEMENTS, scope: this.scope });
    this.isUnsettled = true;
  }

  /** The request that is started now is sent with these changes ahead of it. */
  expect(changes: readonly SurroundingsChange[]): void {
    const settings = new Map<string, string>();
    let values = this.#unreported.current;
    for (const change of changes) {
      if (change.does !== 'set') continue;
      if (this.#isReported(change.name)) settings.set(change.name, change.value!);
      else values = withValue(values, change.name, change.value);
    }
    this.scope = this.#scopeOf(settings, values);
  }

  /** It was not sent after all. */
  expectNothing(): void {
    this.scope = this.#scopeNow();
  }

  /** The end of a transaction in which nothing was changed leaves everything as it is. */
  #mayChange(text: string): boolean {
    const isUntouched =
      this.#pending.length === 0 &&
      !this.#hasDefined &&
      !this.#hasReported &&
      !this.#unreported.isTouched;
    return !isUntouched || !statementKind(text).onlyEnds;
  }

  /** Something that the server reports has changed since the last transaction ended. */
  #hasReported = false;

  /** ReadyForQuery of a request has come. `before`: the status that was told before. */
  answered(request: Sent, before: TransactionStatus, status: TransactionStatus): void {
    if (this.#pending[0]?.request !== request) return;
    let pending: Pending;
    do {
      pending = this.#pending.shift()!;
      this.#apply(pending, before, status);
    } while (this.#pending[0]?.request === request);
    this.isPending = this.#pending.length > 0;
    if (status === 'I') this.#ended();
    this.scope = this.#scopeNow();
    this.#judge(pending);
    this.isUnsettled = this.#pending.length > 0 || this.isUnknown;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  #ended(): void {
    this.#unreported.committed();
    this.#hasReported = false;
    if (!this.#hasDefined || this.#pending.length > 0) return;
    this.#hasDefined = false;
    this.#redefined();
    this.#altered = [];
  }

  /** Whether a statement was prepared in the present surroundings. */
  isCurrent({ scope, definitions }: Statement): boolean {
    return scope === this.scope && definitions === this.definitions;
  }

  /** What is known of statements was made in other surroundings than whatever comes. */
  renew(): void {
    this.#scopes.clear();
    this.hasUserSchemas = null;
    this.arrayNulls.forget();
    this.scope = this.#scopeNow();
    this.#outdated(null);
  }

  /** Nothing was set or made that a reset of the session would undo. */
  get isAsBegun(): boolean {
    if (this.#pending.length > 0 || this.#hasTemporary) return false;
    return this.#unreported.current.size === 0 && !this.#server.hasChanged;
  }

  /** Resolves when all requests that may change something are answered. */
  async whenAnswered(): Promise<void> {
    while (this.#pending.length > 0) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  // ── Values ──────────────────────────────────────────────────────────────────────────────

  /** Whether something has to be asked for. */
  get isUnknown(): boolean {
    return this.hasUnknownValues || this.needsUserSchemas;
  }

  /** Whether the values of `unreported` have to be asked for. */
  get hasUnknownValues(): boolean {
    return this.#unreported.hasUnknown;
  }

  /** Whether it has to be asked for if schemas are named like roles. */
  get needsUserSchemas(): boolean {
    return (
      this.hasUserSchemas === null &&
      this.#userIn(NO_VALUES, this.#unreported.current) !== this.#user &&
      this.#hasUser(NO_VALUES, this.#unreported.current)
    );
  }

  /** Whether the server reports it; PostgreSQL writes some names in capitals. */
  #isReported(name: string): boolean {
    return this.#server.settings.has(REPORTED_AS.get(name) ?? name);
  }

  #apply(
    { request, changes }: Pending,
    before: TransactionStatus,
    status: TransactionStatus,
  ): void {
    if (request.error === null) {
      for (const change of changes) this.#unreported.apply(change, before === 'E');
    } else {
      // What failed on the server is undone, or will be with the transaction. Of a script some
      // may stay, and what has failed in the client was done.
      const isClean = request.error instanceof PostgresError && changes.length === 1;
      if (!isClean) for (const change of changes) this.#unreported.forget(change);
      else if (status === 'I') this.#unreported.rolledBack();
    }
    const isUndone = changes.some(({ does }) => does === 'roll back to');
    if (this.#hasDefined && isUndone) this.#redefined();
  }

  /** The server has told whether schemas are named like roles. */
  toldUserSchemas(hasUserSchemas: boolean): void {
    this.hasUserSchemas = hasUserSchemas;
    this.scope = this.#scopeNow();
    this.isUnsettled = this.#pending.length > 0 || this.isUnknown;
  }

  /** The settings that the server does not report. */
  get unreported(): string[] {
    return SURROUNDINGS.filter((name) => !this.#isReported(name));
  }

  /** The server has told the values of `unreported`, or cannot: null. */
  told(values: readonly (string | null)[] | null): void {
    const known = new Map<string, string>();
    for (const [i, name] of this.unreported.entries()) {
      if (values === null) known.set(name, `unknown ${++unknowns}`);
      else known.set(name, name === 'search_path' ? pathNames(values[i] ?? '') : (values[i] ?? ''));
    }
    this.#unreported.told(known);
    this.scope = this.#scopeNow();
    this.isUnsettled = this.#pending.length > 0 || this.isUnknown;
    const suspect = this.#suspect;
    this.#suspect = null;
    if (suspect !== null) this.#found(suspect);
  }

  // ── Functions of the user's own ─────────────────────────────────────────────────────────

  /**
   * Most functions set nothing. One that was seen to leave everything as it was need not be waited
   * for again; one that has ever set something always is.
   */
  #judge(pending: Pending): void {
    const { request, callers, changes } = pending;
    if (callers.length === 0 || request.error !== null) return;
    // What has changed may have been set by others.
    if (changes.some(({ does }) => does !== 'call')) return;
    if (this.isUnknown) this.#suspect = pending;
    else this.#found(pending);
  }

  #found({ callers, scope }: Pending): void {
    for (const caller of callers) {
      if (caller.leavesSurroundings !== false) caller.leavesSurroundings = scope === this.scope;
    }
  }

  // ── Scopes ──────────────────────────────────────────────────────────────────────────────

  #reported(): void {
    this.scope = this.#scopeNow();
    this.#hasReported = true;
  }

  #scopeNow(): Scope {
    return this.#scopeOf(NO_VALUES, this.#unreported.current);
  }

  /** @param settings what the server is about to report, by names in small letters */
  #scopeOf(settings: Values, values: Values): Scope {
    let key = '';
    const user = this.#userIn(settings, values);
    if (user !== this.#user && this.hasUserSchemas !== false && this.#hasUser(settings, values)) {
      key = `${user}\0`;
    }
    for (const [name, reportedAs] of REPORTED_AS) {
      if (USER_SETTINGS.has(name)) continue;
      const reported = this.#server.settings.get(reportedAs) ?? '';
      key += `${settings.get(name) ?? (name === 'search_path' ? namesOfPath(reported) : reported)}\0`;
    }
    for (const name of [...values.keys()].sort()) {
      if (USER_SETTINGS.has(name)) continue;
      key += `${name}=${values.get(name) ?? '\0'}\0`;
    }
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      if (this.#scopes.size >= MAX_SCOPES) this.#scopes.clear();
      scope = { key };
      this.#scopes.set(key, scope);
    }
    return scope;
  }

  /** Whether the search_path has "$user" in it, or is not known. */
  #hasUser(settings: Values, values: Values): boolean {
    const reported = this.#server.settings.get('search_path');
    const path = settings.get('search_path') ?? values.get('search_path');
    const names = path ?? (reported === undefined ? null : namesOfPath(reported));
    return names === null || names.includes('"$user"');
  }

  #userIn(settings: Values, values: Values): string {
    const reported = this.#server.settings.get('session_authorization');
    const login = settings.get('session_authorization') ?? reported ?? '';
    return `${login}\0${values.get('role') ?? ''}`;
  }
}

let unknowns = 0;

/** The path of the session that was opened last, at first the default: those of a pool mostly have the same. */
let lastPath = '"$user", public';
let lastNames = '["$user","public"]';

function namesOfPath(path: string): string {
  if (path !== lastPath) {
    lastNames = pathNames(path);
    lastPath = path;
  }
  return lastNames;
}

/** Settings that the server reports, as it writes them. */
const REPORTED_AS: ReadonlyMap<string, string> = new Map([
  ['search_path', 'search_path'],
  ['timezone', 'TimeZone'],
  ['datestyle', 'DateStyle'],
  ['intervalstyle', 'IntervalStyle'],
  ['standard_conforming_strings', 'standard_conforming_strings'],
  ['session_authorization', 'session_authorization'],
]);

/** Where strings end may depend on a setting: then nothing of what is set is told. */
export function changesBy({ text, args }: Executed): readonly SurroundingsChange[] {
  const changes = surroundingsChanges(text, false, args);
  if (!text.includes('\\')) return changes;
  const others = surroundingsChanges(text, true);
  return [...changes, ...others].map((change) =>
    change.does === 'set' ? { ...change, value: null } : change,
  );
}
