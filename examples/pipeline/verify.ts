import { inspect, isDeepStrictEqual, styleText } from 'node:util';
import type { Queryable } from 'asyncpg';

/** Collects what was checked, so that one thing that is wrong does not hide another. */
export class Checks {
  readonly #results: { readonly what: string; readonly failure: string | null }[] = [];

  /** Notes whether two values are the same. */
  equal(what: string, actual: unknown, expected: unknown): void {
    const isCount = typeof actual === 'number' || typeof actual === 'bigint';
    this.#results.push({
      what: isCount ? `${what}: ${actual.toLocaleString('en')}` : what,
      failure: isDeepStrictEqual(actual, expected)
        ? null
        : `is ${short(actual)}, should be ${short(expected)}`,
    });
  }

  get count(): number {
    return this.#results.length;
  }

  get failures(): string[] {
    return this.#results.flatMap(({ what, failure }) =>
      failure === null ? [] : [`${what} ${failure}`],
    );
  }

  /** All checks below each other, with what is wrong; in color where a terminal shows it. */
  toString(): string {
    return this.#results
      .map(({ what, failure }) =>
        failure === null
          ? `  ${styleText('green', 'ok')}     ${what}`
          : `  ${styleText('red', 'WRONG')}  ${what} ${failure}`,
      )
      .join('\n');
  }
}

function short(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 5 });
}

/** A product as it was before the first order. */
export interface InitialProduct {
  readonly sku: string;
  readonly stock: number;
}

/** A fingerprint of all users but their ids, which an import gives anew. */
export function usersFingerprint(db: Queryable): Promise<string | null> {
  return db.fetchVal<string>(`
    SELECT md5(string_agg(
      concat_ws('|', email, name, is_active, created_at, updated_at), E'\\n' ORDER BY email
    ))
    FROM users`);
}

/** Adds up all orders in SQL, where money is exact, and compares with what the callers were told. */
export async function verifyOrders(
  checks: Checks,
  db: Queryable,
  products: readonly InitialProduct[],
  confirmedTotals: readonly string[],
): Promise<void> {
  const count = (query: string, ...args: unknown[]): Promise<bigint | null> =>
    db.fetchVal<bigint>(query, ...args);

  checks.equal(
    'orders in the table, as many as callers were told of',
    await count('SELECT count(*) FROM orders'),
    BigInt(confirmedTotals.length),
  );
  checks.equal(
    'products with a negative stock',
    await count('SELECT count(*) FROM products WHERE stock < 0'),
    0n,
  );
  checks.equal(
    'products whose stock and sales do not add up to the initial stock',
    await count(
      `SELECT count(*)
       FROM products AS p
       FULL JOIN unnest($1::text[], $2::integer[]) AS initial (sku, stock) USING (sku)
       LEFT JOIN (
         SELECT product_id, sum(quantity) AS sold FROM order_lines GROUP BY product_id
       ) AS sales ON sales.product_id = p.id
       WHERE p.stock + coalesce(sales.sold, 0) IS DISTINCT FROM initial.stock`,
      products.map(({ sku }) => sku),
      products.map(({ stock }) => stock),
    ),
    0n,
  );
  checks.equal(
    'orders whose total is not the sum of their lines',
    await count(
      `SELECT count(*)
       FROM orders AS o
       LEFT JOIN (
         SELECT order_id, sum(quantity * unit_price) AS total FROM order_lines GROUP BY order_id
       ) AS lines ON lines.order_id = o.id
       WHERE o.total IS DISTINCT FROM lines.total`,
    ),
    0n,
  );
  checks.equal(
    'the sum of all orders is the sum of what callers were told, to the cent',
    await db.fetchVal<string>('SELECT coalesce(sum(total), 0)::numeric(20, 2) FROM orders'),
    await db.fetchVal<string>(
      'SELECT coalesce(sum(total), 0)::numeric(20, 2) FROM unnest($1::numeric[]) AS t (total)',
      confirmedTotals,
    ),
  );
}
