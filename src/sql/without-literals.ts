import { Lexer, type Token } from './lexer.ts';
import { SetValues } from './set-values.ts';

/**
 * The text with `?` for every constant and without its comments, so that nothing is left in it that
 * might be somebody's data. Null where a backslash in a string makes the server's setting decide what
 * is a constant: then nothing of the text can be shown.
 */
export function withoutLiterals(text: string): string | null {
  const shown = replaced(text, false);
  return !text.includes('\\') || shown === replaced(text, true) ? shown : null;
}

function replaced(text: string, backslashes: boolean): string {
  const lexer = new Lexer(text, backslashes);
  let shown = '';
  const values = new SetValues();
  let before: Token = 'blank';
  while (lexer.next()) {
    const { token } = lexer;
    const isRest = token === 'word' && before === 'number';
    before = token;
    // The letters of 0xff and 1_000.
    if (isRest) continue;
    const piece = text.slice(lexer.start, lexer.end);
    if (values.isValue(token, piece)) {
      shown += '?';
      continue;
    }
    switch (token) {
      case 'string':
      case 'dollar string':
      case 'number':
        shown += '?';
        break;
      case 'comment':
        shown += ' ';
        break;
      default:
        shown += piece;
    }
  }
  return shown.trim();
}
