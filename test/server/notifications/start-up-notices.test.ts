import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import { connect, createPool, type PostgresLogMessage } from '../../../src/index.ts';

/** PostgreSQL manual, "Event Trigger Firing Matrix": login, since 17. */
describe('what a login trigger says', () => {
  let cluster: TempCluster;

  beforeAll(async () => {
    cluster = await TempCluster.start();
    await using c = await connect(cluster.dsn);
    await c.execute(`
      CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'mind the gap'; END $$;
      CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION greet()`);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  const texts = (messages: readonly PostgresLogMessage[]): string[] =>
    messages.map(({ severity, message }) => `${severity} ${message}`);

  it('is told to the first log listener, once', async () => {
    await using c = await connect(cluster.dsn);
    const first: PostgresLogMessage[] = [];
    const second: PostgresLogMessage[] = [];
    c.addLogListener((message) => first.push(message));
    c.addLogListener((message) => second.push(message));
    await c.execute("DO $$ BEGIN RAISE NOTICE 'later'; END $$");
    expect(texts(first)).toEqual(['NOTICE hello', 'WARNING mind the gap', 'NOTICE later']);
    expect(texts(second)).toEqual(['NOTICE later']);
  });

  it('is told to a listener that the init hook of a pool adds, and to no holder', async () => {
    const told: PostgresLogMessage[] = [];
    await using listening = await createPool(cluster.dsn, {
      minSize: 1,
      init: (c) => c.addLogListener((message) => told.push(message)),
    });
    await listening.fetchVal('SELECT 1');
    expect(texts(told)).toEqual(['NOTICE hello', 'WARNING mind the gap']);
    await using plain = await createPool(cluster.dsn, { minSize: 1 });
    const late: PostgresLogMessage[] = [];
    await plain.withConnection(async (c) => {
      c.addLogListener((message) => late.push(message));
      await c.fetchVal('SELECT 1');
    });
    expect(late).toEqual([]);
  });
});
