import { type Alternative, inOrder, joined, NotKnown } from './alternatives.ts';
import type { Item } from './lists.ts';
import type { Located } from './modules.ts';

/** So many conditions make as many variants as are checked. */
const MOST_CONDITIONS = 6;

/**
 * What is made of a list, whose items may each be there or not; null where there are too many ways.
 *
 * @param whole what the list is a part of
 */
export function ofItems(
  items: readonly Item[],
  whole: Located,
  make: (items: readonly Located[]) => Iterable<readonly Alternative[] | NotKnown>,
): readonly Alternative[] | NotKnown | null {
  const conditions = [...new Set(items.flatMap(({ when }) => [...when.keys()]))];
  if (conditions.length > MOST_CONDITIONS) return null;
  const all: Alternative[] = [];
  for (let set = 0; set < 1 << conditions.length; set += 1) {
    const when = new Map(conditions.map((each, index) => [each, ((set >> index) & 1) === 1]));
    const there = items.filter((each) => [...each.when].every(([key, is]) => when.get(key) === is));
    // Of an empty list the driver makes nothing.
    if (there.length === 0) continue;
    const made = inOrder(make(there), whole);
    if (made instanceof NotKnown) return made;
    all.push(...joined([{ parts: [], when }], made));
  }
  return all.length === 0 ? null : all;
}
