import { PostgresError } from '../../errors/postgres-error.ts';
import type { TransactionStatus } from '../../protocol/backend/session.ts';
import { pathNames } from '../../sql/path-names.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import {
  SURROUNDINGS,
  type SurroundingsChange,
  surroundingsChanges,
} from '../../sql/surroundings-change.ts';
import type { Server } from '../server.ts';
import { ArrayNullsSetting } from './array-nulls-setting.ts';
import { Definitions } from './definitions.ts';
import { REPORTED_AS, type Scope, Scopes } from './scope.ts';
import type { Statement } from './statement.ts';
import { NO_VALUES, UnreportedSettings, type Values, withValue } from './unreported-settings.ts';

/** What is asked of a request. */
interface Sent {
  /** What it has failed with, once it is answered. */
  readonly error: unknown;
}

const USER_SCHEMA = /\b(?:schema|role|user|group)\b/i;
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
  /** Nothing was set before it that the server does not report. */
  readonly isFirst: boolean;
}

const NO_STATEMENTS: readonly Statement[] = [];

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
  /** The session's own. */
  readonly definitions: Definitions;
  /** Whether a statement that proves to be outdated can be repeated as if nothing had been. */
  readonly mayRepeat: () => boolean;
  /** Requests are under way that may change something. */
  isPending = false;
  readonly #server: Server;
  /** Called when what is known of statements is no longer true: of all, or of some by their texts. */
  readonly #outdated: (texts: RegExp | null) => void;
  readonly #scopes: Scopes;
  readonly #pending: Pending[] = [];
  #waiters: (() => void)[] = [];
  readonly #unreported: UnreportedSettings;
  readonly arrayNulls: ArrayNullsSetting;
  /** What the server does not report, as the session has begun with it; null: not known. */
  #begun: Values | null = null;
  /** The server has told what is set once something may have been: it is of use to know what RESET leaves. */
  #wasTold = false;
  /** Those that have called the first such function, and what was left then. */
  #unjudged: { readonly callers: readonly Statement[]; readonly left: Values } | null = null;
  /** A statement that has called functions which may have set what is not known now. */
  #suspect: Pending | null = null;

  constructor(server: Server, mayRepeat: () => boolean, outdated: (texts: RegExp | null) => void) {
    this.#server = server;
    this.#unreported = new UnreportedSettings((name) => this.#isReported(name));
    this.arrayNulls = new ArrayNullsSetting(this.#unreported);
    this.#scopes = new Scopes(server);
    this.mayRepeat = mayRepeat;
    this.#outdated = outdated;
    this.definitions = new Definitions(outdated);
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
      definesObjects ||= kind.changesSchema || this.definitions.areDiscardedBy(text);
      if (kind.callsUnknown) return statements[i]?.leavesSurroundings !== true;
      return kind.changesSurroundings && this.#mayChange(text);
    });
    if (dropsStatements) this.definitions.dropped();
    if (definesObjects) {
      this.definitions.sent(queries.map(({ text }) => text));
      if (queries.some(({ text }) => USER_SCHEMA.test(text))) this.#scopes.hasUserSchemas = null;
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
      isFirst: this.#unreported.current.size === 0,
    });
    if (concerned.length > 0) this.isUnsettled = true;
  }

  /** A request was sent with statements ahead of it that make these changes. */
  sentAhead(request: Sent, changes: readonly SurroundingsChange[]): void {
    this.isPending = true;
    this.#pending.push({
      request,
      changes,
      callers: NO_STATEMENTS,
      scope: this.scope,
      isFirst: false,
    });
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
    this.scope = this.#scopes.of(settings, values);
  }

  /** It was not sent after all. */
  expectNothing(): void {
    this.scope = this.#scopeNow();
  }

  /** The end of a transaction in which nothing was changed leaves everything as it is. */
  #mayChange(text: string): boolean {
    const isUntouched =
      this.#pending.length === 0 &&
      !this.definitions.isOpen &&
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
    if (this.definitions.isOpen && this.#pending.length === 0) this.definitions.ended();
  }

  /** Whether a statement was prepared in the present surroundings. */
  isCurrent({ scope, definitions }: Statement): boolean {
    return scope === this.scope && definitions === this.definitions.count;
  }

  /** What is known of statements was made in other surroundings than whatever comes. */
  renew(): void {
    this.#scopes.clear();
    this.arrayNulls.forget();
    this.scope = this.#scopeNow();
    this.#outdated(null);
  }

  /** Nothing was set or made that a reset of the session would undo. */
  get isAsBegun(): boolean {
    if (this.#pending.length > 0 || this.definitions.hasTemporary) return false;
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
    return this.#unreported.hasUnknown || (this.#wasTold && this.#begun === null && this.#isFirst);
  }

  /** Everything that the server does not report is as the session has begun with it. */
  get #isFirst(): boolean {
    return this.#unreported.current.size === 0 && !this.#unreported.isTouched;
  }

  /** Whether it has to be asked for if schemas are named like roles. */
  get needsUserSchemas(): boolean {
    return this.#scopes.isUncertain(this.#unreported.current);
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
    if (this.definitions.isOpen && isUndone) this.definitions.undone();
  }

  /** The server has told whether schemas are named like roles. */
  toldUserSchemas(hasUserSchemas: boolean): void {
    this.#scopes.hasUserSchemas = hasUserSchemas;
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
    if (this.#isFirst && values !== null) this.#hasBegun(new Map(known));
    for (const [name, value] of this.#begun ?? NO_VALUES) {
      if (known.get(name) === value) known.delete(name);
    }
    this.#wasTold = values !== null;
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

  /** What RESET leaves is known, and so whether the first function has left it so. */
  #hasBegun(begun: Values): void {
    this.#begun = begun;
    const { callers, left } = this.#unjudged ?? { callers: NO_STATEMENTS, left: NO_VALUES };
    this.#unjudged = null;
    const isLeft = [...begun].every(([name, value]) => left.get(name) === value);
    for (const caller of callers) {
      if (caller.leavesSurroundings !== false) caller.leavesSurroundings = isLeft;
    }
  }

  #found({ callers, scope, isFirst }: Pending): void {
    if (isFirst && this.#begun === null && scope !== this.scope) {
      this.#unjudged = { callers, left: this.#unreported.current };
      return;
    }
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
    return this.#scopes.of(NO_VALUES, this.#unreported.current);
  }
}

let unknowns = 0;

/** Where strings end may depend on a setting: then nothing of what is set is told. */
export function changesBy({ text, args }: Executed): readonly SurroundingsChange[] {
  const changes = surroundingsChanges(text, false, args);
  if (!text.includes('\\')) return changes;
  const others = surroundingsChanges(text, true);
  return [...changes, ...others].map((change) =>
    change.does === 'set' ? { ...change, value: null } : change,
  );
}
