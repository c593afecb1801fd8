/** The text of a range, taken apart: see Range.parse. */

interface RangeText {
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerInc: boolean;
  readonly upperInc: boolean;
}

function refuse(text: string): SyntaxError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new SyntaxError(`not the text of a range: ${JSON.stringify(shown)}`);
}

/**
 * The bound that begins at `start`, without its quotes and backslashes, and where it ends. One
 * without any character, quotes included, is infinite.
 */
function readBound(text: string, start: number): { bound: string | null; end: number } {
  let bound = '';
  let inQuotes = false;
  let index = start;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === '\\') {
      index += 1;
      if (index === text.length) throw refuse(text);
      bound += text.charAt(index);
    } else if (character === '"') {
      if (inQuotes && text.charAt(index + 1) === '"') {
        bound += '"';
        index += 1;
      } else {
        inQuotes = !inQuotes;
      }
    } else if (!inQuotes && (character === ',' || character === ')' || character === ']')) {
      return { bound: index === start ? null : bound, end: index };
    } else {
      bound += character;
    }
    index += 1;
  }
  throw refuse(text);
}

/** `null` for the empty range. Throws a SyntaxError for a text that is no range's. */
export function parseRange(text: string): RangeText | null {
  if (typeof text !== 'string') throw new TypeError('the text of a range must be a string');
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === 'empty') return null;
  const opening = trimmed.charAt(0);
  if (opening !== '[' && opening !== '(') throw refuse(text);
  const lower = readBound(trimmed, 1);
  if (trimmed.charAt(lower.end) !== ',') throw refuse(text);
  const upper = readBound(trimmed, lower.end + 1);
  const closing = trimmed.charAt(upper.end);
  if (closing === ',' || upper.end !== trimmed.length - 1) throw refuse(text);
  return {
    lower: lower.bound,
    upper: upper.bound,
    lowerInc: opening === '[',
    upperInc: closing === ']',
  };
}
