import { join } from 'node:path';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import type { Environment } from './environment.ts';
import type { Files } from './files.ts';

/** One section of a service file. */
export interface Service {
  readonly name: string;
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

/** What libpq takes for space; others, such as U+00A0, may be part of a password. */
const OUTER_SPACE = /^[ \t\v\f\r]+|[ \t\v\f\r]+$/g;

/**
 * The section `[name]` of a service file's text, or null. The first one of that name counts, and
 * in it the first value of a repeated key, as in libpq. Errors name the line and never show it: it
 * may hold the password.
 *
 * PostgreSQL manual, "The Connection Service File".
 */
export function parseService(
  text: string,
  name: string,
  path: string,
  isKeyword: (key: string) => boolean,
): ReadonlyMap<string, string> | null {
  let values: Map<string, string> | null = null;
  let lineNumber = 0;
  for (const rawLine of text.split('\n')) {
    lineNumber++;
    const line = rawLine.replace(OUTER_SPACE, '');
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (values !== null) break;
      if (line.startsWith(`[${name}]`)) values = new Map();
      continue;
    }
    if (values === null) continue;
    const fail = (problem: string, hint?: string): ClientConfigurationError =>
      new ClientConfigurationError(
        `service file "${path}", line ${lineNumber}: ${problem}`,
        hint === undefined ? undefined : { hint },
      );
    const equals = line.indexOf('=');
    if (equals < 0) throw fail('expected keyword=value');
    const left = line.slice(0, equals);
    const key = left.trimEnd();
    const right = line.slice(equals + 1);
    // libpq has no space around "="; with one in front, the one behind is taken for style too.
    const value = key === left ? right : right.trimStart();
    if (key === 'service' || key === 'servicefile') {
      throw fail(`a nested "${key}" is not supported`);
    }
    if (!isKeyword(key)) {
      throw fail('unknown keyword', 'A setting of the server is written options=-c name=value.');
    }
    if (!values.has(key)) values.set(key, value);
  }
  return values;
}

/**
 * Finds a service: in `file` if one is named, else in `~/.pg_service.conf` and then in
 * PGSYSCONFDIR's `pg_service.conf`. Throws a ClientConfigurationError if there is none.
 */
export function loadService(
  name: string,
  file: string | null,
  environment: Environment,
  isKeyword: (key: string) => boolean,
): Service {
  const places: string[] = [];
  if (file !== null) {
    places.push(file);
  } else {
    if (environment.homeDirectory !== null) {
      places.push(join(environment.homeDirectory, '.pg_service.conf'));
    }
    const directory = environment.env['PGSYSCONFDIR'];
    if (directory) places.push(join(directory, 'pg_service.conf'));
  }
  for (const path of places) {
    if (!exists(path, environment.files)) {
      if (file === null) continue;
      throw new ClientConfigurationError(`service file "${path}" does not exist`);
    }
    const values = parseService(readText(path, environment.files), name, path, isKeyword);
    if (values !== null) return { name, path, values };
  }
  throw new ClientConfigurationError(`definition of service "${name}" not found`, {
    detail: places.length === 0 ? 'There is no service file.' : `Looked in ${places.join(', ')}.`,
  });
}

function exists(path: string, files: Files): boolean {
  try {
    files.statusSync(path);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string, files: Files): string {
  try {
    return files.readSync(path).toString();
  } catch (cause) {
    throw new ClientConfigurationError(`service file "${path}" cannot be read`, { cause });
  }
}
