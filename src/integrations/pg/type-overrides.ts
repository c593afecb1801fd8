import { types as globalTypes } from './global-types.ts';
import type { getTypeParser, TypeFormat, TypeId, TypeParser } from './types/index.ts';

/** Whatever tells the parser of a type: `types`, a TypeOverrides, or an object of the user's. */
export interface ParserSource {
  getTypeParser: typeof getTypeParser;
}

/** What these types name for a type. `TypeError` in pg's words, for they may be anything that a user has given. */
export function parserOf(types: ParserSource, id: number, format: TypeFormat): TypeParser {
  if (typeof types.getTypeParser !== 'function') {
    throw new TypeError('this._types.getTypeParser is not a function');
  }
  return types.getTypeParser(id, format);
}

/** In the place of a parser that is none: a value fails as in pg, and NULL does not. */
export function noParser(): never {
  throw new TypeError('this._parsers[i] is not a function');
}

/** Parsers of one client: its own, and behind them those of the given types or of all clients. */
export class TypeOverrides implements ParserSource {
  /** What is asked for types that have no parser here. */
  _types: ParserSource;
  text: Record<number, TypeParser> = {};
  binary: Record<number, TypeParser> = {};

  constructor(types?: ParserSource | null) {
    this._types = types || globalTypes;
  }

  getOverrides(format: TypeFormat): Record<number, TypeParser> {
    if (format === 'text') return this.text;
    return format === 'binary' ? this.binary : {};
  }

  setTypeParser<T>(id: TypeId, parse: TypeParser<string, T>): void;
  setTypeParser<T>(id: TypeId, format: 'text', parse: TypeParser<string, T>): void;
  setTypeParser<T>(id: TypeId, format: 'binary', parse: TypeParser<Buffer, T>): void;
  setTypeParser(id: TypeId, format: TypeFormat | TypeParser, parse?: TypeParser): void {
    if (typeof format === 'function') this.text[id] = format;
    else this.getOverrides(format)[id] = parse as TypeParser;
  }

  getTypeParser<T = any>(id: TypeId, format: TypeFormat = 'text'): TypeParser<any, T> {
    return this.getOverrides(format)[id] || this._types.getTypeParser(id, format);
  }
}
