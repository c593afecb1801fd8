import { ALLOWED } from './allowed.ts';
import { placeAt, type SourcePlace } from './finding.ts';
import type { WrittenStatement } from './sources/written-statements.ts';
import type { Source } from './sources.ts';

/**
 * Where queries are written that are given to nothing which could be followed: nothing was checked of them, and
 * nothing is told of them otherwise.
 */
export function notFollowed(sources: readonly Source[]): readonly SourcePlace[] {
  const texts = new Set(
    sources.flatMap(({ queries, impossible, unknown }) => [
      ...queries.flatMap(({ variants }) => variants.map(({ text }) => text.value)),
      ...impossible,
      ...unknown.map(({ before }) => before),
    ]),
  );
  const unknown = sources.flatMap((each) => each.unknown);
  return sources.flatMap(({ file, text, written }) =>
    written
      .filter((each) => !ALLOWED.test(text.slice(each.start, each.end)))
      .filter((each) => !isAmong(texts, each))
      .filter(
        ({ start, end }) =>
          !unknown.some((each) => each.file === file && each.start >= start && each.start <= end),
      )
      .map(({ start }) => placeAt(file, text, start)),
  );
}

/** Whether a text that is known has this one in it. */
function isAmong(texts: ReadonlySet<string>, { parts }: WrittenStatement): boolean {
  const [first = ''] = parts;
  if (parts.length === 1) {
    return texts.has(first) || [...texts].some((each) => each.includes(first));
  }
  return [...texts].some((each) => {
    let at = 0;
    return parts.every((part) => {
      const found = each.indexOf(part, at);
      at = found + part.length;
      return found >= 0;
    });
  });
}
