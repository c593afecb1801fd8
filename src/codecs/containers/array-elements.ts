import { Box, Circle, LineSegment, Path, Polygon } from '../../values/geometry.ts';
import { Range } from '../../values/range.ts';
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
const beginsWithNumber: IsElement = ([first]) =>
  typeof first === 'number' || typeof first === 'bigint' || first === undefined;

/** Plain arrays are values; arrays of the type's own class are dimensions. */
function beginsWithout(ofClass: abstract new (...args: never[]) => object): IsElement {
  return (value) => {
    let first: unknown = value;
    while (Array.isArray(first)) first = first[0];
    return !(first instanceof ofClass);
  };
}

/** A multirange is an array of ranges: only what is nested once more is a dimension. */
const isMultirange: IsElement = ([first]) =>
  !Array.isArray(first) || !(first[0] instanceof Range || Array.isArray(first[0]));

const RULES: ReadonlyMap<string, IsElement> = new Map([
  ['json', always],
  ['jsonb', always],
  ['line', beginsWithNumber],
  ['pg_snapshot', beginsWithNumber],
  ['point', beginsWithNumber],
  ['tid', beginsWithNumber],
  ['txid_snapshot', beginsWithNumber],
  ['box', beginsWithout(Box)],
  ['circle', beginsWithout(Circle)],
  ['lseg', beginsWithout(LineSegment)],
  ['path', beginsWithout(Path)],
  ['polygon', beginsWithout(Polygon)],
]);

function ruleOf(element: TypeDescription): IsElement | undefined {
  if (isVector(element)) return beginsWithNumber;
  if (element.element !== 0) return always;
  if (element.typtype === 'r') return beginsWithout(Range);
  if (element.typtype === 'm') return isMultirange;
  return element.schema === 'pg_catalog' ? RULES.get(element.name) : undefined;
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
 */
export function arrayTraits(
  element: TypeDescription,
  base: TypeDescription,
  codec: TypeCodec['format'] | null,
): ArrayTraits {
  const { delimiter } = element;
  const rule = codec === 'tuple' ? isTuple : ruleOf(base);
  const isElement = rule ?? PLAIN_ARRAY.isElement;
  return { delimiter, isElement, ambiguous: rule !== undefined, custom: codec !== null };
}
