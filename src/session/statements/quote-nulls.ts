import { TEXT_ARRAY } from '../../codecs/oids.ts';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQueryWith } from './catalog-query.ts';

/** Arguments, and what quoteArguments has made of them. */
interface Quoted {
  readonly parameterOids: readonly number[];
  readonly args: readonly unknown[];
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/**
 * The literals for a session with `array_nulls = off`, which reads a NULL in the text of an array
 * as the string "NULL". An array of one dimension is written as `ARRAY['a', NULL]`.
 *
 * @throws InvalidArgumentError for a value that the server would not read back as it is: with a
 *   NULL in an array of several dimensions, or in an array within another value
 */
export async function quoteNulls(
  session: RequestHost,
  parent: Request,
  { parameterOids, args, literals, names }: Quoted,
): Promise<string[]> {
  const doubtful = literals.flatMap((literal, i) => (/.null/i.test(literal) ? [i] : []));
  if (doubtful.length === 0) return [...literals];
  const expressions = doubtful.map((i) => expressionOf(`$${i + 1}`, names[i]!));
  const query: CatalogQuery = {
    text: `SELECT ARRAY[${expressions.join(',\n')}]::pg_catalog.text[] AS quoted`,
    parameterOids,
    columns: [['quoted', TEXT_ARRAY]],
  };
  const [row] = await runCatalogQueryWith(session, parent, query, args);
  const quoted = row!['quoted'] as (string | null)[];
  const result = [...literals];
  for (const [at, i] of doubtful.entries()) {
    const text = quoted[at];
    if (typeof text !== 'string') throw unwritable(i + 1, names[i]!);
    result[i] = text === '' ? literals[i]! : text;
  }
  return result;
}

/** In SQL: NULL where no text stands for the value, '' where its literal does. */
function expressionOf(parameter: string, type: string): string {
  const whole = `CASE WHEN ${isReadBack(parameter, type)} THEN '' END`;
  if (!type.endsWith('[]')) return whole;
  // Not by unnest(), which makes columns of composites.
  const element = `(${parameter})[n]`;
  return `CASE WHEN pg_catalog.int4eq(pg_catalog.array_ndims(${parameter}), 1)
    AND pg_catalog.int4eq(pg_catalog.array_lower(${parameter}, 1), 1)
  THEN (SELECT CASE WHEN pg_catalog.bool_and(${isReadBack(element, type.slice(0, -2))})
      THEN pg_catalog.concat('ARRAY[',
        pg_catalog.string_agg(pg_catalog.format('%L', ${element}), ', ' ORDER BY n), ']') END
    FROM pg_catalog.generate_subscripts(${parameter}, 1) n)
  ELSE ${whole} END`;
}

/** In SQL: whether the value's text is read as the same bytes. */
function isReadBack(value: string, type: string): string {
  return `CASE WHEN pg_catalog.int4eq(pg_catalog.num_nulls(${value}), 1) THEN true
    ELSE pg_catalog.record_image_eq(ROW(${value}), ROW(pg_catalog.format('%s', ${value})::${type})) END`;
}

function unwritable(number: number, type: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `argument $${number} of type ${type} has a NULL in an array, for which there is no text in a session with array_nulls = off`,
  );
}
