import { TEXT_ARRAY } from '../../codecs/oids.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQueryWith } from './catalog-query.ts';

/**
 * Values as SQL expressions, for statements that take no parameters: the server itself casts
 * each to its type, prints and quotes it, and names the type.
 */
export async function quoteArguments(
  session: RequestHost,
  parent: Request,
  parameterOids: readonly number[],
  args: readonly unknown[],
): Promise<string[]> {
  // format() prints by a type's output function; the cast of a bpchar to text drops its blanks.
  const quoted = parameterOids.map((_, i) => `pg_catalog.format('%L', $${i + 1})`);
  // With the modifier -1 the name stands for the type without one: bit(1) is not "bit".
  const types = parameterOids.map((oid) => `pg_catalog.format_type(${oid}, -1)`);
  const query: CatalogQuery = {
    text: `SELECT ARRAY[${quoted.join(', ')}]::pg_catalog.text[] AS quoted,
  ARRAY[${types.join(', ')}]::pg_catalog.text[] AS types`,
    parameterOids,
    columns: [
      ['quoted', TEXT_ARRAY],
      ['types', TEXT_ARRAY],
    ],
  };
  const [row] = await runCatalogQueryWith(session, parent, query, args);
  const literals = row!['quoted'] as string[];
  const names = row!['types'] as string[];
  return literals.map((literal, i) => `(${literal}::${names[i]!})`);
}
