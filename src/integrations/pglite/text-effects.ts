import { type Piece, statementsOf } from '../../sql/pieces.ts';

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
  const statements = [...statementsOf(text, false)].filter(({ pieces }) => pieces.length > 0);
  for (const { pieces } of statements) {
    const [first, second] = pieces;
    switch (first?.is === 'word' ? first.value : '') {
      case 'copy':
        if (!pieces.some(({ is, value }) => is === 'word' && value === 'stdin')) break;
        takesData = true;
        if (statements.length === 1) copyIn = isBinary(pieces) ? 'binary' : 'text';
        break;
      case 'listen':
        if (second !== undefined) listens.push(second.value);
        break;
      case 'unlisten':
        if (second?.is === 'other' && second.value === '*') unlistens = 'all';
        else if (second !== undefined && unlistens !== 'all') unlistens.push(second.value);
        break;
      case 'reset':
        resets = true;
        break;
      case 'discard':
        resets = true;
        if (second?.value === 'all') unlistens = 'all';
        break;
    }
  }
  return { copyIn, takesData, listens, unlistens, resets };
}

/** `FORMAT binary` and its older spellings: `COPY BINARY t …`, `… WITH BINARY`. */
function isBinary(pieces: readonly Piece[]): boolean {
  return pieces.some(({ is, value }, i) => {
    const before = pieces[i - 1]?.value ?? '';
    if (before === 'format') return value.toLowerCase() === 'binary';
    return is === 'word' && value === 'binary' && /^(?:copy|with|stdin)$/.test(before);
  });
}
