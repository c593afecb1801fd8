import { inject } from 'vitest';

/** Where a server of the test run is; all files of tests share it. */
export interface TestServer {
  readonly dsn: string;
  readonly host: string;
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socketDirectory: string;
  readonly superuser: string;
  readonly dataDirectory: string;
  readonly pid: number;
}

/** The versions of PostgreSQL that are tested. */
export type TestedVersion = 15 | 18;

/**
 * Whether a server of this version runs, for `describe.skipIf(!hasServer(15))`: 18 always does, 15
 * where it is installed.
 */
export function hasServer(version: TestedVersion): boolean {
  return version in inject('servers');
}

/** The server of this version. A test that stops or reconfigures a server starts its own instead. */
export function testServer(version: TestedVersion = 18): TestServer {
  const server = inject('servers')[version];
  if (server === undefined) {
    throw new Error(`no PostgreSQL ${version} runs; guard the test with hasServer(${version})`);
  }
  return server;
}

/** The superuser's DSN of the server of this version, for its database `postgres`. */
export function serverDsn(version: TestedVersion = 18): string {
  return testServer(version).dsn;
}
