import { ClientConfigurationError, type InterfaceError } from '../errors/client-errors.ts';
import type { BuiltinTypeCodec, DeclaredCodecs, TypeCodec } from '../values/type-codec.ts';
import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { findBuiltinType } from './builtin-types.ts';
import { codecKey } from './domain-codecs.ts';
import { namedForms, replacementFor } from './replacement.ts';
import { typeNameHint } from './type-name-hint.ts';

/**
 * The codecs that connect options declare, by `codecKey`.
 *
 * @param codecs by the names of types
 * @throws ClientConfigurationError for a codec that its type cannot have: see `TypeRegistry.declaring`
 */
export function declaredCodecs(
  options: ResolvedTypeOptions,
  codecs: DeclaredCodecs,
): DeclaredCodecs {
  const declared = new Map<string, TypeCodec | BuiltinTypeCodec>();
  for (const [name, codec] of codecs) {
    const { schema = 'public' } = codec;
    if (codec.schema === undefined && findBuiltinType(name) !== undefined) {
      throw new ClientConfigurationError(`codecs: the type ${name} is in the schema pg_catalog`, {
        hint: "Give the codec schema: 'pg_catalog', or schema: 'public' for a type of yours with that name.",
      });
    }
    // Whoever gives a schema may have named a type so.
    const hint = codec.schema === undefined ? typeNameHint(name) : null;
    if (hint !== null) {
      throw new ClientConfigurationError(`codecs: ${JSON.stringify(name)} is no type's name`, {
        hint,
      });
    }
    const type = schema === 'pg_catalog' ? findBuiltinType(name) : undefined;
    if (schema === 'pg_catalog' && type === undefined) {
      throw new ClientConfigurationError(`codecs: there is no type ${name} in pg_catalog`);
    }
    try {
      if (type !== undefined) replacementFor(type, codec, options);
      else if ('codecName' in codec) namedForms(codec.codecName, options);
    } catch (cause) {
      const { message, hint } = cause as InterfaceError;
      throw new ClientConfigurationError(`codecs: ${message}`, hint === null ? {} : { hint });
    }
    declared.set(codecKey({ schema, name: type?.name ?? name }), codec);
  }
  return declared;
}
