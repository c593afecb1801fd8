import { Lexer } from '../../sql/lexer.ts';

/** What a text does to the session that all connections share, or wants of it. */
export interface TextEffects {
  /** It is one COPY … FROM STDIN, with data in this format. */
  readonly copyIn: 'text' | 'binary' | null;
  /** It has a COPY … FROM STDIN somewhere. */
  readonly takesData: boolean;
  /** The channels that it listens to. */
  readonly listens: readonly string[];
  /** The channels that it ceases to listen to. */
  readonly unlistens: readonly string[] | 'all';
  /** It takes settings back to what they were, which are those of PGlite. */
  readonly resets: boolean;
}

export const NO_EFFECTS: TextEffects = {
  copyIn: null,
  takesData: false,
  listens: [],
  unlistens: [],
  resets: false,
};

interface Piece {
  /** In small letters, unless it was quoted. */
  readonly text: string;
  readonly isQuoted: boolean;
}

/** What most texts are told by at once. */
const SUSPECT = /stdin|listen|reset|discard/i;

/** Tells what a text does. */
export function effectsOf(text: string): TextEffects {
  if (!SUSPECT.test(text)) return NO_EFFECTS;
  const listens: string[] = [];
  let unlistens: string[] | 'all' = [];
  let takesData = false;
  let copyIn: TextEffects['copyIn'] = null;
  let resets = false;
  const statements = statementsOf(text);
  for (const pieces of statements) {
    const [first, second] = pieces;
    switch (first?.isQuoted === false ? first.text : '') {
      case 'copy':
        if (!pieces.some((piece) => !piece.isQuoted && piece.text === 'stdin')) break;
        takesData = true;
        if (statements.length === 1) copyIn = isBinary(pieces) ? 'binary' : 'text';
        break;
      case 'listen':
        if (second !== undefined) listens.push(second.text);
        break;
      case 'unlisten':
        if (second?.text === '*' && !second.isQuoted) unlistens = 'all';
        else if (second !== undefined && unlistens !== 'all') unlistens.push(second.text);
        break;
      case 'reset':
        resets = true;
        break;
      case 'discard':
        resets = true;
        if (second?.text === 'all') unlistens = 'all';
        break;
    }
  }
  return { copyIn, takesData, listens, unlistens, resets };
}

function statementsOf(text: string): Piece[][] {
  const lexer = new Lexer(text, false);
  const statements: Piece[][] = [[]];
  while (lexer.next()) {
    const { token } = lexer;
    const piece = text.slice(lexer.start, lexer.end);
    if (token === 'blank' || token === 'comment') continue;
    if (token === 'semicolon') {
      if (statements.at(-1)!.length > 0) statements.push([]);
      continue;
    }
    statements
      .at(-1)!
      .push(
        token === 'quoted name' && piece.startsWith('"')
          ? { text: piece.slice(1, -1).replaceAll('""', '"'), isQuoted: true }
          : { text: piece.toLowerCase(), isQuoted: token === 'quoted name' },
      );
  }
  if (statements.at(-1)!.length === 0) statements.pop();
  return statements;
}

/** `FORMAT binary` and its older spellings: `COPY BINARY t …`, `… WITH BINARY`. */
function isBinary(pieces: readonly Piece[]): boolean {
  return pieces.some(({ text, isQuoted }, i) => {
    const before = pieces[i - 1]?.text ?? '';
    if (/^'?binary'?$/.test(text) && before === 'format') return true;
    return !isQuoted && text === 'binary' && /^(?:copy|with|stdin)$/.test(before);
  });
}
