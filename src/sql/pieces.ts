import { Lexer } from './lexer.ts';

/** One of the statements of a text. */
export interface StatementText {
  readonly pieces: readonly Piece[];
  readonly source: string;
}

/** A piece of a statement. */
export interface Piece {
  /** A string with escapes or a prefix is something else, as are numbers and operators. */
  readonly is: 'word' | 'name' | 'string' | 'other';
  /** A word in small letters, a name or a string without its quotes, all else as it stands. */
  readonly value: string;
}

/** Takes a text apart into statements, and these into pieces. The last one may have none. */
export function* statementsOf(text: string, backslashes: boolean): Generator<StatementText> {
  const lexer = new Lexer(text, backslashes);
  let pieces: Piece[] = [];
  let from = 0;
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token === 'blank' || token === 'comment') continue;
    if (token === 'semicolon') {
      yield { pieces, source: text.slice(from, start) };
      pieces = [];
      from = end;
    } else {
      pieces.push(pieceOf(token, text.slice(start, end)));
    }
  }
  yield { pieces, source: text.slice(from) };
}

function pieceOf(token: Lexer['token'], value: string): Piece {
  if (token === 'word') return { is: 'word', value: value.toLowerCase() };
  if (token === 'quoted name' && value.startsWith('"')) {
    return { is: 'name', value: value.slice(1, -1).replaceAll('""', '"') };
  }
  if (token === 'string' && /^'(?:[^'\\]|'')*'$/.test(value)) {
    return { is: 'string', value: value.slice(1, -1).replaceAll("''", "'") };
  }
  return { is: 'other', value };
}
