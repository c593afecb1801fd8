import { ClientConfigurationError } from '../errors/client-errors.ts';

const HINT =
  'Write keyword=value pairs with spaces between them; put a value that is empty or has spaces ' +
  "in single quotes, with \\' and \\\\ for a quote and a backslash in it.";

/** A URI may have such settings in its query, so one looks for the same here. */
const SETTING_HINT =
  "A setting of the server goes into options='-c name=value'; a value with spaces is put in single quotes.";

/** Tells the place and never the text: what is wrongly a keyword may be part of a password. */
function malformed(problem: string, position: number, hint = HINT): ClientConfigurationError {
  return new ClientConfigurationError(`invalid DSN: ${problem} at character ${position + 1}`, {
    hint,
  });
}

/** What libpq takes for space; others, such as U+00A0, may be part of a password. */
const SPACE = /[ \t\n\v\f\r]/;

/**
 * Parses `host=localhost password='it\'s'`: libpq's grammar, with a doubled quote inside quotes
 * taken as one, where libpq reports an error. A repeated keyword has its last value.
 *
 * PostgreSQL manual, "Keyword/Value Connection Strings".
 */
export function parseKeywords(
  dsn: string,
  isKeyword: (key: string) => boolean,
): Map<string, string> {
  const values = new Map<string, string>();
  let at = 0;
  const skipSpace = (): void => {
    while (at < dsn.length && SPACE.test(dsn.charAt(at))) at++;
  };
  for (skipSpace(); at < dsn.length; skipSpace()) {
    const start = at;
    while (at < dsn.length && dsn[at] !== '=' && !SPACE.test(dsn.charAt(at))) at++;
    const key = dsn.slice(start, at);
    skipSpace();
    if (dsn[at] !== '=') throw malformed('missing "=" after the keyword', start);
    at++;
    skipSpace();
    if (!isKeyword(key)) throw malformed('unknown keyword', start, SETTING_HINT);
    const quoted = dsn[at] === "'";
    let value = '';
    if (quoted) at++;
    for (; ; at++) {
      const character = dsn[at];
      if (character === undefined) {
        if (quoted) throw malformed('unterminated quoted value', start);
        break;
      }
      if (character === '\\') {
        at++;
        value += dsn[at] ?? '';
      } else if (quoted && character === "'") {
        at++;
        if (dsn[at] !== "'") break;
        value += "'";
      } else if (!quoted && SPACE.test(character)) {
        break;
      } else {
        value += character;
      }
    }
    values.set(key, value);
  }
  return values;
}
