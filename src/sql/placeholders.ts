import { Lexer } from './lexer.ts';

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
 * Finds the placeholders of a query: not those in strings, quoted names and comments.
 * `backslashes`: plain strings have escapes too, as with `standard_conforming_strings = off`.
 */
export function scanQuery(text: string, backslashes: boolean): ScannedQuery {
  const placeholders: Placeholder[] = [];
  const lexer = new Lexer(text, backslashes);
  let last = 0;
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment' || token === 'semicolon') continue;
    if (token === 'parameter') {
      placeholders.push({ start, end, number: Number(text.slice(start + 1, end)) });
    }
    last = end;
  }
  return { placeholders, end: last };
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
