import { pathNames } from '../../sql/path-names.ts';
import type { Server } from '../server.ts';
import { NO_VALUES, USER_SETTINGS, type Values } from './unreported-settings.ts';

/**
 * What texts mean in a session at a time, see Surroundings. The same surroundings are the same
 * object, until the schema changes.
 */
export interface Scope {
  readonly key: string;
}

/** More than a session has at once; the names are then given anew. */
const MAX_SCOPES = 1000;

/** Settings that the server reports, as it writes them. */
export const REPORTED_AS: ReadonlyMap<string, string> = new Map([
  ['search_path', 'search_path'],
  ['timezone', 'TimeZone'],
  ['datestyle', 'DateStyle'],
  ['intervalstyle', 'IntervalStyle'],
  ['standard_conforming_strings', 'standard_conforming_strings'],
  ['session_authorization', 'session_authorization'],
]);

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

/** The scopes of a session, by the values of settings. */
export class Scopes {
  /** Whether schemas are named like roles, so that "$user" may stand for one; null: not known. */
  hasUserSchemas: boolean | null = null;
  readonly #server: Server;
  /** The user that the session has begun as. */
  readonly #user: string;
  readonly #scopes = new Map<string, Scope>();

  constructor(server: Server) {
    this.#server = server;
    this.#user = this.#userIn(NO_VALUES, NO_VALUES);
  }

  /** They are given anew, for what is prepared from here on. */
  clear(): void {
    this.#scopes.clear();
    this.hasUserSchemas = null;
  }

  /**
   * The scope of these values.
   *
   * @param settings what the server is about to report, by names in small letters
   * @param values what it does not report
   */
  of(settings: Values, values: Values): Scope {
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

  /** Whether it depends on `hasUserSchemas` which scope these values are, and that is not known. */
  isUncertain(values: Values): boolean {
    return (
      this.hasUserSchemas === null &&
      this.#userIn(NO_VALUES, values) !== this.#user &&
      this.#hasUser(NO_VALUES, values)
    );
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
