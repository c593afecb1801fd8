import type { SurroundingsChange } from '../../sql/surroundings-change.ts';

/** Values by name; null: not known. What is missing is as the session has begun with it. */
export type Values = ReadonlyMap<string, string | null>;

export const NO_VALUES: Values = new Map();

/** What RESET ALL leaves. */
export const USER_SETTINGS: ReadonlySet<string> = new Set(['role', 'session_authorization']);

/**
 * Settings of a session that its server does not report, as the texts that were executed leave them:
 * now, after COMMIT, and after ROLLBACK.
 */
export class UnreportedSettings {
  #current: Values = NO_VALUES;
  #afterCommit: Values = NO_VALUES;
  #afterRollback: Values = NO_VALUES;
  readonly #isReported: (name: string) => boolean;

  constructor(isReported: (name: string) => boolean) {
    this.#isReported = isReported;
  }

  get current(): Values {
    return this.#current;
  }

  /** Something was set since the transaction has begun. */
  get isTouched(): boolean {
    return this.#current !== this.#afterRollback || this.#afterCommit !== this.#afterRollback;
  }

  /** Something was set to nobody knows what. */
  get hasUnknown(): boolean {
    for (const value of this.#current.values()) if (value === null) return true;
    return false;
  }

  /** @param hasFailed the transaction has, so that COMMIT rolls it back */
  apply(change: SurroundingsChange, hasFailed: boolean): void {
    switch (change.does) {
      case 'set':
        this.#set(change.name, change.value, change.local);
        return;
      case 'reset':
        this.#set(change.name, undefined, false);
        return;
      case 'reset all':
        for (const name of this.#names()) {
          if (!USER_SETTINGS.has(name)) this.#set(name, undefined, false);
        }
        return;
      case 'call':
        this.forget(change);
        return;
      case 'commit':
        if (hasFailed) this.rolledBack();
        this.committed();
        return;
      case 'roll back':
        this.rolledBack();
        this.#current = this.#afterRollback;
        return;
      case 'roll back to':
        if (!this.isTouched) return;
        for (const name of this.#names()) this.#set(name, null, false);
        return;
      default:
        change satisfies never;
    }
  }

  /** What the change may have set is not known now. */
  forget(change: SurroundingsChange): void {
    if (change.does === 'set' || change.does === 'reset') this.#set(change.name, null, false);
    else if (change.does === 'call') this.#set(this.#called, null, false);
    else for (const name of this.#names()) this.#set(name, null, false);
  }

  /** What stands for all that a function may have set: where one is not known, all are asked for. */
  get #called(): string {
    return this.#isReported('search_path') ? 'bytea_output' : 'search_path';
  }

  /** The transaction has ended, and what it has set for the session stays. */
  committed(): void {
    this.#current = this.#afterCommit;
    this.#afterRollback = this.#afterCommit;
  }

  /** Nothing stays of what the transaction has set for the session. */
  rolledBack(): void {
    this.#afterCommit = this.#afterRollback;
  }

  /** The server has told all of them. */
  told(values: Values): void {
    if (!this.isTouched) {
      this.#afterCommit = values;
      this.#afterRollback = values;
    }
    this.#current = values;
  }

  /** The names that have been set, ever. */
  #names(): Set<string> {
    return new Set([
      ...this.#current.keys(),
      ...this.#afterCommit.keys(),
      ...this.#afterRollback.keys(),
    ]);
  }

  /** @param value undefined: as the session has begun with it */
  #set(name: string, value: string | null | undefined, local: boolean): void {
    // The role is none behind it.
    if (name === 'session_authorization') this.#set('role', 'none', local);
    if (this.#isReported(name)) return;
    this.#current = withValue(this.#current, name, value);
    if (!local) this.#afterCommit = withValue(this.#afterCommit, name, value);
  }
}

/** @param value undefined: as the session has begun with it */
export function withValue(values: Values, name: string, value: string | null | undefined): Values {
  const isSame = values.get(name) === value && values.has(name) === (value !== undefined);
  // What was not known may be another value now, which is not that of after a rollback.
  if (isSame && value !== null) return values;
  const changed = new Map(values);
  if (value === undefined) changed.delete(name);
  else changed.set(name, value);
  return changed;
}
