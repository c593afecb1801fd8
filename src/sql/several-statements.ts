import { Lexer } from './lexer.ts';

/**
 * Whether a text holds more than one statement: something stands behind a semicolon.
 * `backslashes`: plain strings have escapes too, as with `standard_conforming_strings = off`.
 */
export function hasSeveralStatements(text: string, backslashes: boolean = false): boolean {
  const first = text.indexOf(';');
  if (first < 0 || first === text.length - 1) return false;
  const lexer = new Lexer(text, backslashes);
  let isOver = false;
  while (lexer.next()) {
    if (lexer.token === 'blank' || lexer.token === 'comment') continue;
    if (lexer.token === 'semicolon') isOver = true;
    else if (isOver) return true;
  }
  return false;
}
