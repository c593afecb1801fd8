import { Lexer } from './lexer.ts';

/** Verbs of statements that read or change rows: undone wholly when they fail. */
export const QUERIES = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'with',
  'values',
  'table',
]);

/** Options of EXPLAIN that may stand without brackets. */
const EXPLAIN_OPTIONS = new Set(['analyze', 'analyse', 'verbose']);

/** Goes on to the next piece that says something. */
export function nextPiece(lexer: Lexer): boolean {
  while (lexer.next()) {
    if (lexer.token !== 'blank' && lexer.token !== 'comment') return true;
  }
  return false;
}

export function wordOf({ text, token, start, end }: Lexer): string {
  return token === 'word' ? text.slice(start, end).toLowerCase() : '';
}

/** How a statement begins, in small letters. */
export interface Opening {
  readonly verb: string;
  /** The word right behind the verb; empty if there is none. */
  readonly second: string;
}

/** Reads a text of one statement. Null if it is none, or more than one. */
export function readOpening(text: string, backslashes: boolean): Opening | null {
  const lexer = new Lexer(text, backslashes);
  const verb = readVerb(lexer);
  if (verb === null) return null;
  if (!nextPiece(lexer)) return { verb, second: '' };
  const second = wordOf(lexer);
  // Most texts need not be read to their end: no statement ends in them.
  const semicolon = text.indexOf(';', lexer.start);
  if (semicolon < 0 || semicolon === text.length - 1) return { verb, second };
  let isOver = lexer.token === 'semicolon';
  while (nextPiece(lexer)) {
    if (lexer.token === 'semicolon') isOver = true;
    else if (isOver) return null;
  }
  return { verb, second };
}

/** Whether it sets what a transaction is, e.g. its isolation: no query may come between BEGIN and that. */
export function setsTransaction(text: string): boolean {
  return /\btransaction/i.test(text) && isSetting(text);
}

/** Whether it is a SET, which may come between BEGIN and that. */
function isSetting(text: string): boolean {
  return /\bset\b/i.test(text) && readOpening(text, false)?.verb === 'set';
}

/** How many SETs are at the beginning of these queries, up to the last of them that sets the transaction. */
export function settingsAhead(queries: readonly { readonly text: string }[]): number {
  let ahead = 0;
  let count = 0;
  for (const { text } of queries) {
    if (!isSetting(text)) break;
    count += 1;
    if (setsTransaction(text)) ahead = count;
  }
  return ahead;
}

/** A statement's first word, or that of the statement which an EXPLAIN explains. */
function readVerb(lexer: Lexer): string | null {
  let isExplain = false;
  /** How many brackets are open; behind EXPLAIN they may be around its options. */
  let depth = 0;
  while (nextPiece(lexer)) {
    const isOption = isExplain && depth > 0;
    switch (lexer.text[lexer.start]) {
      case '(':
        depth += 1;
        continue;
      case ')':
        depth -= 1;
        continue;
    }
    const word = wordOf(lexer);
    if (word === 'explain' && !isExplain) {
      isExplain = true;
      depth = 0;
    } else if (isOption) {
      if (QUERIES.has(word)) return word;
    } else if (!isExplain || !EXPLAIN_OPTIONS.has(word)) {
      return word === '' ? null : word;
    }
  }
  return null;
}
