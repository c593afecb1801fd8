import { Box, Circle, LineSegment, Path, Polygon } from '../../values/geometry.ts';
import { Range } from '../../values/range.ts';
import type { TypeDescription } from '../type-description.ts';
import type { ArrayTraits } from './array.ts';
import { beginsWithNumber } from './array-elements.ts';
import { MAX_DIMENSIONS } from './array-text.ts';

type IsElement = ArrayTraits['isElement'];

/** Plain arrays are values; arrays of the type's own class are dimensions. */
function beginsWithout(ofClass: abstract new (...args: never[]) => object): IsElement {
  return (value) => {
    let first: unknown = value;
    // An array can be in itself. What is nested more deeply is no element either.
    for (let depth = 0; Array.isArray(first); depth++) {
      if (depth === MAX_DIMENSIONS) return false;
      first = first[0];
    }
    return !(first instanceof ofClass);
  };
}

/** A multirange is an array of ranges: only what is nested once more is a dimension. */
const isMultirange: IsElement = ([first]) =>
  !Array.isArray(first) || !(first[0] instanceof Range || Array.isArray(first[0]));

const RULES: ReadonlyMap<string, IsElement> = new Map([
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

/** The rule for elements of a rare type, as `arrayTraits` takes it. */
export function rareRule(element: TypeDescription): IsElement | undefined {
  if (element.typtype === 'r') return beginsWithout(Range);
  if (element.typtype === 'm') return isMultirange;
  return element.schema === 'pg_catalog' ? RULES.get(element.name) : undefined;
}
