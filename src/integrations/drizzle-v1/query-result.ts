import type { PgQueryResultHKT } from 'drizzle-orm-next/pg-core';
import type { AsyncpgQueryResult } from '../drizzle/query-result.ts';

/** The result's type by that of its rows, for Drizzle. */
export interface AsyncpgQueryResultHKT extends PgQueryResultHKT {
  /** The result of rows of the type `row`. */
  type: [this['row']] extends [never]
    ? AsyncpgQueryResult<never>
    : AsyncpgQueryResult<
        this['row'] extends Record<string, any> ? this['row'] : Record<string, unknown>
      >;
}
