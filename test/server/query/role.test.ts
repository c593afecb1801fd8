import { expect, it, onTestFinished } from 'vitest';
import { connect, createPool, type Transaction } from '../../../src/index.ts';
import { describeEach, open } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { serverDsn, type TestedVersion } from '../../support/servers/server.ts';

/** Two roles, with schemas of their names unless they are to have none. */
async function roles(version: TestedVersion, haveSchemas: boolean): Promise<[string, string]> {
  const names: [string, string] = [`one_${process.pid}_${++count}`, `two_${process.pid}_${count}`];
  const owner = await open(version);
  for (const [i, name] of names.entries()) {
    await owner.execute(`CREATE ROLE ${name}; GRANT ${name} TO CURRENT_USER`);
    if (!haveSchemas) continue;
    await owner.execute(`CREATE SCHEMA ${name} AUTHORIZATION ${name}; SET LOCAL ROLE ${name};
      CREATE TABLE ${name}.mine (a ${i === 0 ? 'int4' : 'text'}); INSERT INTO ${name}.mine VALUES ('${i}')`);
  }
  onTestFinished(async () => {
    const last = await connect(serverDsn(version));
    for (const name of names) {
      await last.execute(
        `SET client_min_messages = error; DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`,
      );
    }
    await last.close();
  });
  return names;
}
let count = 0;

const WAYS: Readonly<Record<string, (tx: Transaction, role: string) => Promise<unknown>>> = {
  'SET LOCAL ROLE': (tx, role) => tx.execute(`SET LOCAL ROLE ${role}`),
  'SET ROLE': (tx, role) => tx.execute(`SET ROLE "${role}"`),
  set_config: (tx, role) => tx.fetchVal("SELECT set_config('role', $1, true)", role),
  'SET SESSION AUTHORIZATION': (tx, role) => tx.execute(`SET LOCAL SESSION AUTHORIZATION ${role}`),
};

describeEach('a role with a schema of its name', (version) => {
  it('has its own tables behind "$user"', async () => {
    const names = await roles(version, true);
    const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1 });
    onTestFinished(() => pool.terminate());
    for (const [way, enter] of Object.entries(WAYS)) {
      for (const i of [0, 1, 0, 1] as const) {
        const values = await pool.transaction(async (tx) => {
          await enter(tx, names[i]);
          const value = i === 0 ? 0 : '1';
          return [
            await tx.fetchVal('SELECT a FROM mine'),
            await tx.fetchVal('SELECT a FROM mine WHERE a = $1', value),
          ];
        });
        expect(values, way).toEqual(i === 0 ? [0, 0] : ['1', '1']);
        const settings = { role: names[i] };
        const first = await pool.transaction({ settings }, (tx) =>
          tx.fetchVal('SELECT a FROM mine'),
        );
        expect(first).toBe(i === 0 ? 0 : '1');
      }
    }
  });

  it('costs no preparation and no flight where no schema is named like a role', async () => {
    const admin = await open(version);
    const others = await admin.fetchVal<boolean>(
      'SELECT EXISTS (SELECT FROM pg_namespace JOIN pg_roles ON nspname = rolname)',
    );
    const names = await roles(version, false);
    const flights = new CountingDial();
    const pool = await createPool(serverDsn(version), {
      minSize: 0,
      maxSize: 1,
      dial: flights.dial,
    });
    onTestFinished(() => pool.terminate());
    const visit = (role: string) =>
      pool.transaction(async (tx) => {
        await tx.execute(`SET LOCAL ROLE ${role}`);
        await tx.fetchVal('SELECT $1::int4', 1);
      });
    for (const name of names) await visit(name);
    flights.take();
    for (const name of names) await visit(name);
    expect(flights.take()).toBe(6);
    if (others) return;
    const kept = { text: 'SELECT count(*)::int4 FROM pg_prepared_statements', prepare: false };
    expect(await pool.fetchVal(kept)).toBe(1);
  });
});
