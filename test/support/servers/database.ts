import { connect } from '../../../src/index.ts';
import { serverDsn, type TestedVersion } from './server.ts';

/** A database of a test's own, for what is not to be seen by others: channels, fixed names. */
export interface TestDatabase extends AsyncDisposable {
  readonly dsn: string;
}

/** Makes an empty database; disposing it drops it, and whoever is still connected is thrown out. */
export async function makeDatabase(name: string, version?: TestedVersion): Promise<TestDatabase> {
  const server = serverDsn(version);
  const drop = `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`;
  await using admin = await connect(server);
  await admin.execute(drop);
  await admin.execute(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    dsn: url.href,
    [Symbol.asyncDispose]: async () => {
      await using owner = await connect(server);
      await owner.execute(drop);
    },
  };
}
