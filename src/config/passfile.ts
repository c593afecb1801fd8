import type { Environment } from './environment.ts';

/** Whose password is looked for. A socket's entry may be under `localhost` or its directory. */
export interface PasswordQuery {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * Matches one field of a line, from `start`, and gives the index behind its colon, or −1.
 * `*` alone matches everything; a backslash takes the next character as it is.
 */
function matchField(line: string, start: number, token: string): number {
  if (line[start] === '*' && line[start + 1] === ':') return start + 2;
  let at = start;
  let matched = 0;
  while (at < line.length) {
    if (line[at] === ':' && matched === token.length) return at + 1;
    if (line[at] === '\\') at++;
    if (matched === token.length || line[at] !== token[matched]) return -1;
    at++;
    matched++;
  }
  return -1;
}

/** The rest of a line up to an unescaped colon, without its backslashes. */
function unescapePassword(text: string): string {
  let password = '';
  for (let at = 0; at < text.length && text[at] !== ':'; at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    password += text.charAt(at);
  }
  return password;
}

/**
 * The password of the first line that matches, or null.
 *
 * PostgreSQL manual, "The Password File".
 */
export function findPassword(file: string, query: PasswordQuery): string | null {
  for (const line of file.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    for (const host of query.hosts) {
      let at = matchField(line, 0, host);
      for (const token of [String(query.port), query.database, query.user]) {
        if (at >= 0) at = matchField(line, at, token);
      }
      if (at >= 0) return unescapePassword(line.slice(at)) || null;
    }
  }
  return null;
}

/**
 * Reads a password file. A missing or unreadable one is null; so is one that is not a plain file
 * or that others may read, with a warning through `warn`.
 */
export async function readPassfile(
  path: string,
  { files, platform }: Pick<Environment, 'files' | 'platform'>,
  warn: (message: string) => void,
): Promise<string | null> {
  try {
    const { mode, isFile } = await files.status(path);
    if (!isFile) {
      warn(`password file "${path}" is not a plain file; it is ignored`);
      return null;
    }
    // Windows has no such bits; the directory protects the file there, says libpq.
    if (platform !== 'win32' && (mode & 0o077) !== 0) {
      warn(
        `password file "${path}" has group or world access; it is ignored. ` +
          'Its permissions should be u=rw (0600) or less.',
      );
      return null;
    }
    return (await files.read(path)).toString();
  } catch {
    return null; // As libpq: no password file is no error.
  }
}
