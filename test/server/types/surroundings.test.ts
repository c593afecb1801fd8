/** What must make no difference to any type: closures for code, transactions, the search_path. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { connect } from '../../../src/index.ts';
import { journey, TEXT_ONLY } from '../../support/samples/type-journey.ts';
import { isTextOnly, samplesOf, samplesSetup } from '../../support/samples/type-samples.ts';
import { makeDatabase } from '../../support/servers/database.ts';
import { serverDsn } from '../../support/servers/server.ts';

const PROGRAM = fileURLToPath(
  new URL('../../support/programs/run-type-journeys.ts', import.meta.url),
);

test('where no code may be generated, every type comes back by every road as it left', async () => {
  await using database = await makeDatabase('type_journeys_child');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disallow-code-generation-from-strings',
    '--disable-warning=ExperimentalWarning',
    PROGRAM,
    database.dsn,
  ]);
  const { types, ...result } = JSON.parse(stdout);
  expect(result).toEqual({ mayGenerate: false, findings: {} });
  expect(types).toBe(Object.keys(samplesOf(18)).length);
}, 120_000);

test('in a transaction that has made its types itself, each of these comes back as it left', async () => {
  await using database = await makeDatabase('type_journeys_transaction');
  await using db = await connect(database.dsn);
  const findings: Record<string, unknown> = {};
  const isBuiltin = await db.prepare<[boolean]>('SELECT to_regtype($1) IS NOT NULL');
  const made: [type: string, literals: readonly string[]][] = [];
  for (const sample of Object.entries(samplesOf(18))) {
    if (!(await isBuiltin.fetchVal(sample[0]))) made.push(sample);
  }
  expect(made.length).toBeGreaterThan(40);
  const tx = await db.begin();
  await tx.execute(samplesSetup('type_journeys_transaction'));
  for (const [n, [type, literals]] of made.entries()) {
    const found = await journey(tx, type, literals, `_${n}`);
    const expected = isTextOnly(type) ? [TEXT_ONLY] : [];
    if (found.join() !== expected.join()) findings[type] = found;
  }
  await tx.rollback();
  expect(findings).toEqual({});
}, 120_000);

/** Catalogs, types, functions and operators that are not the real ones, in front of them. */
const IMPOSTORS = `
  CREATE TABLE pg_type (oid int4, typname int4, x text);
  CREATE TABLE pg_range (); CREATE TABLE pg_namespace (); CREATE TABLE pg_attribute (attname int4);
  CREATE TABLE pg_class (oid text);
  CREATE DOMAIN oid AS pg_catalog.text; CREATE DOMAIN text AS pg_catalog.int4;
  CREATE DOMAIN bool AS pg_catalog.text; CREATE TYPE regclass AS ENUM ('no');
  CREATE FUNCTION never(pg_catalog.oid, pg_catalog.oid) RETURNS pg_catalog.bool IMMUTABLE
    LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR = (FUNCTION = never, LEFTARG = pg_catalog.oid, RIGHTARG = pg_catalog.oid);
  CREATE OPERATOR <> (FUNCTION = never, LEFTARG = pg_catalog.oid, RIGHTARG = pg_catalog.oid);
  CREATE OPERATOR > (FUNCTION = never, LEFTARG = pg_catalog.oid, RIGHTARG = pg_catalog.oid);
  CREATE FUNCTION never(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.bool IMMUTABLE
    LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR = (FUNCTION = never, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
  CREATE OPERATOR <> (FUNCTION = never, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
  CREATE FUNCTION never(pg_catalog.name, pg_catalog.name) RETURNS pg_catalog.bool IMMUTABLE
    LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR = (FUNCTION = never, LEFTARG = pg_catalog.name, RIGHTARG = pg_catalog.name);
  CREATE FUNCTION never(pg_catalog.int2, pg_catalog.int4) RETURNS pg_catalog.bool IMMUTABLE
    LANGUAGE sql AS 'SELECT false';
  CREATE OPERATOR > (FUNCTION = never, LEFTARG = pg_catalog.int2, RIGHTARG = pg_catalog.int4);
  CREATE OPERATOR <> (FUNCTION = never, LEFTARG = pg_catalog.int2, RIGHTARG = pg_catalog.int4);
`;

describe.each([
  ['empty', "SET search_path TO ''"],
  ['full of impostors', 'SET search_path TO odd_path, pg_catalog'],
])('with a search_path that is %s', (_, setPath) => {
  test('types of users are found, with codecs set by name too', async () => {
    await using db = await connect(serverDsn());
    const tx = await db.begin();
    await tx.execute(`CREATE SCHEMA odd_path; SET search_path TO odd_path, pg_catalog; ${IMPOSTORS}
      CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TYPE pair AS (a int4, "B b" mood[]);
      CREATE DOMAIN pairs AS pair[];
      CREATE TYPE mood_range AS RANGE (subtype = mood);
      CREATE TABLE holder (ps pairs, r mood_range, m mood_multirange);
    `);
    await tx.execute(setPath);
    const ps = [{ a: 1, 'B b': ['sad', null] }, null];
    const row = await tx.fetchRow(
      `SELECT $1::odd_path.pairs AS ps, '[sad,ok)'::odd_path.mood_range AS r,
         '{[sad,ok)}'::odd_path.mood_multirange AS m`,
      ps,
    );
    expect(row!['ps']).toEqual(ps);
    expect(String(row!['r'])).toBe('[sad,ok)');
    await tx.copyRecordsToTable('holder', { schema: 'odd_path', records: [row!] });
    const [back] = await tx.fetch('SELECT * FROM odd_path.holder');
    expect(back).toEqual(row);
    await db.setTypeCodec('mood', {
      schema: 'odd_path',
      encoder: (mood: string) => mood.toLowerCase(),
      decoder: (mood: string) => mood.toUpperCase(),
    });
    const value = await tx.fetchVal('SELECT $1::odd_path.pair', { a: 1, 'B b': ['SAD'] });
    expect(value).toEqual({ a: 1, 'B b': ['SAD'] });
    await tx.rollback();
  });
});
