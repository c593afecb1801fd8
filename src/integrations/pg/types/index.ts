import { parseArray } from './array-parser.ts';
import { BINARY_PARSERS } from './binary-parsers.ts';
import { builtins as BUILTINS } from './builtins.ts';
import { noParse, TEXT_PARSERS } from './text-parsers.ts';

/** How a value is sent. */
export type TypeFormat = 'text' | 'binary';

/** The OIDs of built-in types, and the numbers of other ones. */
export type TypeId = (typeof BUILTINS)[keyof typeof BUILTINS] | (number & {});

/** Makes a value of what the server has sent: text, or bytes in binary format. */
export type TypeParser<I = any, T = any> = (value: I) => T;

/** Maps, as objects with keys so far apart are slower to look into, and large. */
const parsers: Readonly<Record<string, Map<number, TypeParser>>> = {
  text: new Map(TEXT_PARSERS),
  binary: new Map(BINARY_PARSERS),
};

/** The OIDs of built-in types by name: `types.builtins.TIMESTAMPTZ`. */
export const builtins = BUILTINS;

/**
 * The parser of a type: the one that was set for it, that of the library, or one that leaves the
 * text as it is.
 */
export function getTypeParser<T = any>(id: TypeId, format?: TypeFormat): TypeParser<any, T> {
  return (parsers[format || 'text']?.get(Number(id)) ?? noParse) as TypeParser<any, T>;
}

/**
 * Sets the parser of a type for all clients that have none of their own.
 *
 * @example
 * types.setTypeParser(types.builtins.INT8, (text) => BigInt(text));
 */
export function setTypeParser<T>(id: TypeId, parse: TypeParser<string, T>): void;
export function setTypeParser<T>(id: TypeId, format: TypeFormat, parse: TypeParser<any, T>): void;
export function setTypeParser(
  id: TypeId,
  format: TypeFormat | TypeParser,
  parse?: TypeParser,
): void {
  const [name, parser] = typeof format === 'function' ? ['text', format] : [format, parse];
  const all = parsers[name];
  if (all === undefined) throw new TypeError(`there is no format ${String(name)}: text or binary`);
  all.set(Number(id), parser as TypeParser);
}

/** Reads array literals, `arrayParser.create('{1,2}', Number).parse()`. NULL stays null. */
export const arrayParser = {
  create(source: string, transform?: (text: string) => any): { parse(): any[] } {
    return { parse: () => parseArray(source, transform ?? null) };
  },
};
