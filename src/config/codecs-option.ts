import type { BuiltinTypeCodec, DeclaredCodecs, TypeCodec } from '../values/type-codec.ts';
import { configurationError, gotSuffix, optionOrigin } from './origin.ts';
import type { ValueParser } from './value-parsers.ts';

const KEYS: ReadonlySet<string> = new Set(['schema', 'encoder', 'decoder', 'format', 'codecName']);

/** Validates the `codecs` option as far as it can be without knowing the types. */
export const codecsValue: ValueParser<DeclaredCodecs> = (value, origin) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(
      origin,
      `expected an object of codecs by the names of types${gotSuffix(value, origin)}`,
    );
  }
  return new Map(Object.entries(value).map(([name, codec]) => [name, codecValue(name, codec)]));
};

function codecValue(typeName: string, value: unknown): TypeCodec | BuiltinTypeCodec {
  const origin = optionOrigin(`codecs[${JSON.stringify(typeName)}]`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(origin, `expected an object${gotSuffix(value, origin)}`);
  }
  for (const key of Object.keys(value)) {
    if (!KEYS.has(key)) throw configurationError(origin, `unknown key "${key}"`);
  }
  const codec: Partial<TypeCodec & BuiltinTypeCodec> = value;
  const { schema, encoder, decoder, format, codecName } = codec;
  if (schema !== undefined && typeof schema !== 'string') {
    throw configurationError(origin, 'its schema must be a string');
  }
  const functions = [encoder, decoder].filter((each) => each !== undefined);
  if (functions.some((each) => typeof each !== 'function')) {
    throw configurationError(origin, 'its encoder and decoder must be functions');
  }
  if (codecName !== undefined) {
    if (typeof codecName !== 'string') {
      throw configurationError(origin, 'its codecName must be a string');
    }
    if (functions.length > 0 || format !== undefined) {
      throw configurationError(origin, 'it has either a codecName or functions of its own');
    }
    return { schema, codecName };
  }
  if (functions.length === 0) {
    throw configurationError(origin, 'it needs an encoder, a decoder, or a codecName');
  }
  if (format !== undefined && format !== 'text' && format !== 'binary' && format !== 'tuple') {
    throw configurationError(origin, 'its format must be "text", "binary" or "tuple"');
  }
  return codec;
}
