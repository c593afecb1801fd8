import { InterfaceError } from '../errors/client-errors.ts';
import type { BuiltinTypeCodec, TypeCodec } from '../values/type-codec.ts';
import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { builtinType, findBuiltinType } from './builtin-types.ts';
import type { CodecForms, PgType } from './codec.ts';
import { checkCustomizable, checkTypeCodec, customForms, formsByText } from './custom-codec.ts';
import { EXTENSION_FORMS, scalarForms } from './rare-forms.ts';
import type { TypeDescription } from './type-description.ts';
import { hstore } from './types/hstore.ts';

/** What takes the place of a type's own codec: the user's functions, or another type's codec. */
export interface Replacement {
  /** What the user's functions exchange; null for the codec of another type. */
  readonly format: NonNullable<TypeCodec['format']> | null;
  /**
   * Makes the type's forms from its own ones; `base` is what a domain is made of, else the type, and `exact` are
   * its forms under the options EXACT.
   */
  forms(type: PgType, base: TypeDescription, plain: CodecForms, exact: CodecForms): CodecForms;
}

/** The replacement that such a codec makes. Throws InterfaceError if the type cannot have it. */
export function replacementFor(
  type: TypeDescription,
  codec: TypeCodec | BuiltinTypeCodec,
  options: ResolvedTypeOptions,
): Replacement {
  if (!('codecName' in codec)) {
    checkTypeCodec(type, codec);
    return {
      format: codec.format ?? 'text',
      forms: (pgType, base, plain, exact) => customForms(pgType, base, codec, plain, exact),
    };
  }
  const { codecName } = codec;
  const forms = namedForms(codecName, options);
  checkCustomizable(type);
  return {
    format: null,
    forms: (pgType, base, plain, exact) =>
      hasFormsOf(base, codecName) ? forms : formsByText(pgType, forms, plain, exact),
  };
}

/**
 * Whether a type's values travel as those of the other one do. Of a base type of an extension the user says so, and
 * nobody else knows. The bytes of any type are a bytea.
 */
function hasFormsOf({ oid, typtype }: TypeDescription, codecName: string): boolean {
  const other = findBuiltinType(codecName);
  if (other?.name === 'bytea') return true;
  return builtinType(oid) === undefined ? typtype === 'b' : other?.oid === oid;
}

/** The forms that a name stands for. Throws InterfaceError where it stands for none. */
export function namedForms(codecName: string, options: ResolvedTypeOptions): CodecForms {
  const forms = knownForms(codecName, options);
  if (forms !== undefined) return forms;
  throw new InterfaceError(`there is no built-in codec ${JSON.stringify(codecName)}`, {
    hint: 'It must be pg_contrib.hstore, .citext or .ltree, or the name of a built-in type.',
  });
}

function knownForms(name: string, options: ResolvedTypeOptions): CodecForms | undefined {
  const extension = /^(?:pg_contrib)?\.(.+)$/.exec(name)?.[1];
  if (extension !== undefined) {
    return extension === 'hstore' ? hstore : EXTENSION_FORMS.get(extension);
  }
  const type = findBuiltinType(name);
  if (type === undefined || type.element !== 0 || type.typtype !== 'b') return undefined;
  return scalarForms(type, options);
}
