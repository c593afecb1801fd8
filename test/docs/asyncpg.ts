/**
 * The package as the blocks of the documentation see it: whatever server and database they name,
 * they are led to the one that the test has made for them.
 */
import * as real from '../../src/index.ts';

// biome-ignore lint/performance: everything that the package exports
export * from '../../src/index.ts';

/** Where `connect` and `createPool` lead: these options come after those of the block. */
export type Target = Pick<real.ConnectOptions, 'host' | 'port' | 'hosts' | 'user' | 'database'>;

let target: Target | null = null;
const opened: { terminate(): void }[] = [];

/** Leads the next block to its database. */
export function leadTo(next: Target): void {
  target = next;
}

/** Closes what a block has left open. */
export function closeAll(): void {
  for (const each of opened.splice(0)) each.terminate();
}

type Arguments<O> = [first?: string | O | undefined, second?: O | undefined];

/** A server that a block has started for itself. */
const OWN_SERVER = /^postgres:\/\/postgres@127\.0\.0\.1:/;

function led<O extends real.ConnectOptions>([first, second]: Arguments<O>): [
  string | undefined,
  O,
] {
  if (target === null) throw new Error('no database was made');
  if (typeof first === 'string' && OWN_SERVER.test(first)) return [first, second ?? ({} as O)];
  const options = { ...(typeof first === 'object' ? first : second), ...target, hostaddr: null };
  return [typeof first === 'string' ? first : undefined, options as unknown as O];
}

export const connect: typeof real.connect = async (
  ...args: Arguments<real.SingleConnectOptions>
) => {
  const [dsn, options] = led(args);
  const connection = await real.connect(dsn, options);
  opened.push(connection);
  return connection;
};

export const createPool: typeof real.createPool = async (...args: Arguments<real.PoolOptions>) => {
  const [dsn, options] = led(args);
  const pool = await real.createPool(dsn, options);
  opened.push(pool);
  return pool;
};
