import { OF_CATALOGS } from './catalogs.ts';
import { OF_CONTAINERS } from './containers.ts';
import { OF_NUMBERS } from './numbers.ts';
import { OF_PLACES } from './places.ts';
import { OF_SERVER_ITSELF } from './server-itself.ts';
import { OF_TEXTS } from './texts.ts';
import { OF_TIMES } from './times.ts';

/**
 * C functions of the server that never return NULL by themselves: those of `pg_proc.prosrc` whose source
 * has no `PG_RETURN_NULL`, no `isnull = true`, and gives its call's information to none that has. With
 * a strict one (`proisstrict`), NULL comes out if and only if NULL goes in.
 *
 * Found in PostgreSQL's source, src/backend/utils/adt and its neighbours. What is not here may return NULL.
 * `npm run test:soundness` calls them with values of all kinds. What only some versions never make NULL of is not
 * here: `extract` gives NULL for an infinite interval, from 17 on.
 */
export const NEVER_NULL: ReadonlySet<string> = new Set(
  [OF_NUMBERS, OF_TEXTS, OF_TIMES, OF_CONTAINERS, OF_PLACES, OF_CATALOGS, OF_SERVER_ITSELF].flatMap(
    (names) => names.trim().split(/\s+/),
  ),
);
