import { CREATE } from '../../client/internals.ts';
import { common } from '../../codecs/common-codecs.ts';
import * as rare from '../../codecs/rare-codecs.ts';
import { commonCodecs, rareCodecs } from '../../codecs/rooms.ts';
import { resolveConfig } from '../../config/resolve.ts';
import * as hostDirectory from '../../connecting/host-directory.ts';
import { hostDirectories } from '../../connecting/host-directory-room.ts';
import { checkedPoolOptions } from '../../pool/checked-pool-options.ts';
import { Pool } from '../../pool/pool.ts';
import type { PoolOptions } from '../../pool/pool-options.ts';

/** The options of the pool that `drizzle({ connection })` makes. */
export interface AsyncpgConnectionOptions extends PoolOptions {
  /** The DSN, as node-postgres calls it. */
  readonly connectionString?: string | undefined;
}

/** A pool whose connections are opened when they are wanted; `minSize` is 0 unless it is given. */
export function lazyPool(connection: string | AsyncpgConnectionOptions): Pool {
  const { connectionString, ...given } =
    typeof connection === 'string' ? { connectionString: connection } : connection;
  // The pool is there at once, with the codecs and the host provider that are declared.
  commonCodecs.content ??= common;
  rareCodecs.content ??= rare;
  hostDirectories.content ??= hostDirectory;
  const [settings, options] = checkedPoolOptions({ minSize: 0, ...given });
  return Pool[CREATE](resolveConfig(connectionString, options), settings);
}
