const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Makes a value of an element's text; it is never asked about NULL. */
export type ElementParser = (text: string) => unknown;

/**
 * Reads an array literal as PostgreSQL writes it, bounds before it included, into nested arrays. An
 * unquoted NULL is null. The delimiter is a comma, so `box[]` is not for it.
 *
 * @throws Error if its braces are not balanced
 */
export function parseArray(source: string, parse: ElementParser | null): unknown[] {
  const top: unknown[] = [];
  /** The arrays around the one that is being filled. */
  const outer: unknown[][] = [];
  /** What each of them had collected of an element when the inner one began: none in a sound text. */
  const outerTexts: string[] = [];
  const { length } = source;
  let entries = top;
  let text = '';
  let depth = 0;
  let isQuoted = false;
  let i = source.charCodeAt(0) === OPEN_BRACKET ? endOfBounds(source) : 0;
  while (i < length) {
    const code = source.charCodeAt(i);
    if (code === QUOTE) {
      if (isQuoted) {
        entries.push(parse === null ? text : parse(text));
        text = '';
      }
      isQuoted = !isQuoted;
      i += 1;
    } else if (isQuoted) {
      const end = endOfRun(source, i, true);
      text += source.slice(i, end);
      i = end;
      if (source.charCodeAt(i) === BACKSLASH) {
        text += source.charAt(i + 1);
        i += 2;
      }
    } else if (code === OPEN) {
      depth += 1;
      i += 1;
      if (depth > 1) {
        const inner: unknown[] = [];
        entries.push(inner);
        outer.push(entries);
        outerTexts.push(text);
        entries = inner;
        text = '';
      }
    } else if (code === CLOSE) {
      depth -= 1;
      i += 1;
      if (depth === 0 || outer.length > 0) {
        if (text !== '') entries.push(unquoted(text, parse));
        text = '';
      }
      const around = outer.pop();
      if (around !== undefined) {
        entries = around;
        text = outerTexts.pop() ?? '';
      }
    } else if (code === COMMA) {
      if (text !== '') entries.push(unquoted(text, parse));
      text = '';
      i += 1;
    } else if (code === BACKSLASH) {
      const next = source.charCodeAt(i + 1);
      // Outside of quotes, a backslash takes the meaning from a quote alone.
      if (next === QUOTE) {
        text += '"';
        i += 2;
      } else if (next === BACKSLASH) {
        text += '\\';
        i += 2;
      } else {
        i += 1;
      }
    } else {
      const end = endOfRun(source, i, false);
      text += source.slice(i, end);
      i = end;
    }
  }
  if (depth !== 0) throw new Error('array dimension not balanced');
  return top;
}

/**
 * The same for integers of at most 32 bits. The plain case, one dimension, is read without making a
 * text of each element.
 */
export function parseIntegers(source: string): unknown[] {
  const last = source.length - 1;
  if (source.charCodeAt(0) !== OPEN || source.charCodeAt(last) !== CLOSE)
    return anyIntegers(source);
  const entries: (number | null)[] = [];
  if (last === 1) return entries;
  let i = 1;
  for (;;) {
    let code = source.charCodeAt(i);
    const isNegative = code === MINUS;
    if (isNegative) code = source.charCodeAt(++i);
    const start = i;
    let value = 0;
    while (code >= ZERO && code <= ZERO + 9) {
      value = value * 10 + (code - ZERO);
      code = source.charCodeAt(++i);
    }
    if (i > start && i - start <= 10) {
      entries.push(isNegative ? -value : value);
    } else if (!isNegative && source.startsWith('NULL', i)) {
      entries.push(null);
      i += 4;
      code = source.charCodeAt(i);
    } else {
      return anyIntegers(source);
    }
    if (i === last) return entries;
    if (code !== COMMA) return anyIntegers(source);
    i += 1;
  }
}

function anyIntegers(source: string): unknown[] {
  return parseArray(source, (text) => Number.parseInt(text, 10));
}

function unquoted(text: string, parse: ElementParser | null): unknown {
  if (text === 'NULL') return null;
  return parse === null ? text : parse(text);
}

/** Where the run of characters that mean nothing but themselves ends. */
function endOfRun(source: string, start: number, isQuoted: boolean): number {
  const { length } = source;
  let i = start;
  for (; i < length; i++) {
    const code = source.charCodeAt(i);
    if (code === QUOTE || code === BACKSLASH) break;
    if (!isQuoted && (code === COMMA || code === OPEN || code === CLOSE)) break;
  }
  return i;
}

/** Behind the equals sign of `[1:2]={…}`. */
function endOfBounds(source: string): number {
  const equals = source.indexOf('=');
  return equals < 0 ? source.length : equals + 1;
}
