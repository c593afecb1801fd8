/** Every type through the driver: what it decodes and sends back is the same to the server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, connect, type TypeOptions } from '../../../src/index.ts';
import { journey, TEXT_ONLY } from '../../support/samples/type-journey.ts';
import { isTextOnly, samplesOf, samplesSetup } from '../../support/samples/type-samples.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';
import { hasServer } from '../../support/servers/server.ts';

const SCHEMA = 'type_journeys';

const EACH: readonly (readonly [15 | 18, string, TypeOptions])[] = [
  [15, 'default options', {}],
  [18, 'default options', {}],
  [18, 'text wherever it is possible', { int8: 'string', datetime: 'string', json: 'text' }],
];

describe.each(EACH)('PostgreSQL %d, with %s', (version, _, types) => {
  let database: TestDatabase;
  let db: Connection;
  beforeAll(async () => {
    if (!hasServer(version)) return;
    database = await makeDatabase(SCHEMA, version);
    db = await connect(database.dsn, { types });
    await db.execute(samplesSetup(SCHEMA));
  });
  afterAll(async () => {
    if (!hasServer(version)) return;
    await db.close();
    await database[Symbol.asyncDispose]();
  });

  test.runIf(hasServer(version)).each(Object.entries(samplesOf(version)))(
    '%s comes back by every road as it left',
    async (type, literals) => {
      expect(await journey(db, type, literals)).toEqual(isTextOnly(type) ? [TEXT_ONLY] : []);
    },
  );
});
