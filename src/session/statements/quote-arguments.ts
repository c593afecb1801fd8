import { TEXT, TEXT_ARRAY } from '../../codecs/oids.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQueryWith } from './catalog-query.ts';
import { quoteNulls } from './quote-nulls.ts';

/**
 * Values as SQL expressions, for statements that take no parameters: the server itself casts
 * each to its type, prints and quotes it, and names the type.
 *
 * @throws InvalidArgumentError if the session's `array_nulls = off` leaves no text for a value
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
  // The session's settings may round floats, and write time zones as abbreviations of several.
  // They are others while the values are printed; a select list is evaluated from the left.
  const query: CatalogQuery = {
    text: `SELECT pg_catalog.set_config('extra_float_digits', '3', true),
  pg_catalog.set_config('datestyle', 'ISO', true),
  ARRAY[${quoted.join(', ')}]::pg_catalog.text[] AS quoted,
  ARRAY[${types.join(', ')}]::pg_catalog.text[] AS types,
  pg_catalog.set_config('extra_float_digits', s.digits, true),
  pg_catalog.set_config('datestyle', s.style, true),
  pg_catalog.current_setting('array_nulls') AS nulls
FROM (SELECT pg_catalog.current_setting('extra_float_digits') AS digits,
  pg_catalog.current_setting('datestyle') AS style OFFSET 0) s`,
    parameterOids,
    columns: [
      ['digits', TEXT],
      ['style', TEXT],
      ['quoted', TEXT_ARRAY],
      ['types', TEXT_ARRAY],
      ['former digits', TEXT],
      ['former style', TEXT],
      ['nulls', TEXT],
    ],
  };
  const [row] = await runCatalogQueryWith(session, parent, query, args);
  let literals = row!['quoted'] as string[];
  const names = row!['types'] as string[];
  if (row!['nulls'] === 'off') {
    literals = await quoteNulls(session, parent, { parameterOids, args, literals, names });
  }
  return literals.map((literal, i) => `(${literal}::${names[i]!})`);
}
