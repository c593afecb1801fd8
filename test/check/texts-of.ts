import { findQueries } from '../../src/check/sources/find-queries.ts';

/** The texts of the queries in a source, in their order. */
export function textsOf(source: string): string[] {
  return findQueries('a.ts', source).queries.flatMap(({ variants }) =>
    variants.map(({ text }) => text.value),
  );
}
