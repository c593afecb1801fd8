/** A `$n` in the text of a query. */
interface Placeholder {
  readonly start: number;
  readonly end: number;
  /** The `n`, counted from 1. */
  readonly number: number;
}

/** What a scan of a query has found. */
export interface ScannedQuery {
  readonly placeholders: readonly Placeholder[];
  /** Where the statement ends: after it come only semicolons, blanks and comments. */
  readonly end: number;
}

/**
 * Everything that `$` and `;` mean nothing in, and names, in which `$` is a letter. The order
 * is that of PostgreSQL's own lexer, so what is found first is what it finds.
 * PostgreSQL manual, section 4.1 "Lexical Structure".
 */
const TOKEN = new RegExp(
  [
    String.raw`(?<blank>[ \t\n\r\f\v]+|--[^\n\r]*)`,
    String.raw`(?<comment>/\*)`,
    "(?<escaped>[eE]')",
    "(?<plain>[nN]?'|[uU]&'|[bBxX]')",
    '(?<identifier>(?:[uU]&)?")',
    String.raw`(?<name>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`\$(?<number>\d+)`,
    String.raw`(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)`,
    '(?<end>;)',
    '(?<other>[^])',
  ].join('|'),
  'y',
);

/** A string constant goes on after a line break; a comment may come before that. */
const CONTINUATION = /[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;

/**
 * Finds the placeholders of a query: not those in strings, quoted names and comments.
 * `backslashes`: plain strings have escapes too, as with `standard_conforming_strings = off`.
 */
export function scanQuery(text: string, backslashes: boolean): ScannedQuery {
  const placeholders: Placeholder[] = [];
  let end = 0;
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text)!;
    const found = match.groups!;
    const start = at;
    at = TOKEN.lastIndex;
    if (found['blank'] !== undefined || found['end'] !== undefined) continue;
    if (found['comment'] !== undefined) {
      at = endOfComment(text, at);
      continue;
    }
    if (found['number'] !== undefined) {
      placeholders.push({ start, end: at, number: Number(found['number']) });
    } else if (found['identifier'] !== undefined) {
      at = endOfQuoted(text, at, '"', false);
    } else if (found['escaped'] !== undefined) {
      at = endOfString(text, at, true);
    } else if (found['plain'] !== undefined) {
      // Constants with a prefix are never escaped by backslashes; N'…' is like a plain one.
      const prefixed = match[0].length > 1 && !/^[nN]/.test(match[0]);
      at = endOfString(text, at, backslashes && !prefixed);
    } else if (found['dollar'] !== undefined) {
      const close = text.indexOf(match[0], at);
      at = close < 0 ? text.length : close + match[0].length;
    }
    end = at;
  }
  return { placeholders, end };
}

/** The query with each placeholder replaced, and without what follows its end. */
export function replacePlaceholders(
  text: string,
  { placeholders, end }: ScannedQuery,
  replacement: (number: number) => string,
): string {
  let replaced = '';
  let from = 0;
  for (const placeholder of placeholders) {
    replaced += text.slice(from, placeholder.start) + replacement(placeholder.number);
    from = placeholder.end;
  }
  return replaced + text.slice(from, end);
}

function endOfString(text: string, from: number, escapes: boolean): number {
  let at = from;
  for (;;) {
    at = endOfQuoted(text, at, "'", escapes);
    CONTINUATION.lastIndex = at;
    if (!CONTINUATION.test(text)) return at;
    at = CONTINUATION.lastIndex;
  }
}

/** The place after the closing quote. A doubled one, or one after a backslash, closes nothing. */
function endOfQuoted(text: string, from: number, quote: string, escapes: boolean): number {
  const special = escapes ? /['\\]/g : quote === '"' ? /"/g : /'/g;
  special.lastIndex = from;
  for (let match = special.exec(text); match !== null; match = special.exec(text)) {
    const next = special.lastIndex;
    if (match[0] === quote && text[next] !== quote) return next;
    special.lastIndex = next + 1;
  }
  return text.length;
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 1; depth > 0; ) {
    const match = mark.exec(text);
    if (match === null) return text.length;
    depth += match[0] === '/*' ? 1 : -1;
  }
  return mark.lastIndex;
}
