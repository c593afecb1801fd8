import type { TypeCodec } from '../../values/type-codec.ts';
import { isVector } from '../builtin-types.ts';
import type { TypeDescription } from '../type-description.ts';
import type { ArrayTraits } from './array.ts';
import { PLAIN_ARRAY } from './array.ts';

/*
 * Some types have values that are, or may be given as, JavaScript arrays. Inside an array
 * argument such an array must be told from a further dimension.
 */

type IsElement = ArrayTraits['isElement'];

const always: IsElement = () => true;

/** `[1, 2]` for a point, a tid or a snapshot: what begins with a number is no dimension. */
export const beginsWithNumber: IsElement = ([first]) =>
  typeof first === 'number' || typeof first === 'bigint' || first === undefined;

/** The rule for what most programs have. */
function commonRule(element: TypeDescription): IsElement | undefined {
  if (isVector(element)) return beginsWithNumber;
  if (element.element !== 0) return always;
  const isJson = element.name === 'json' || element.name === 'jsonb';
  return isJson && element.schema === 'pg_catalog' ? always : undefined;
}

/** A user's tuple: its parts are plain values, those of a dimension are objects or arrays. */
const isTuple: IsElement = (value) => {
  const part = value.find((each) => each !== null);
  return typeof part !== 'object';
};

/**
 * What is particular to arrays of a type; `base` is what a domain is over, else the same.
 *
 * @param codec the format of the user's codec for the elements, if there is one
 * @param rareRule the rule for the elements that are a rare type's
 */
export function arrayTraits(
  element: TypeDescription,
  base: TypeDescription,
  codec: TypeCodec['format'] | null,
  rareRule: ((base: TypeDescription) => IsElement | undefined) | undefined,
): ArrayTraits {
  const { delimiter } = element;
  const rule = codec === 'tuple' ? isTuple : (commonRule(base) ?? rareRule?.(base));
  const isElement = rule ?? PLAIN_ARRAY.isElement;
  return { delimiter, isElement, ambiguous: rule !== undefined, custom: codec !== null };
}
