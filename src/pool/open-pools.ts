import type { PoolStats } from './stats.ts';

/** What can be seen of a pool. */
export interface VisiblePool {
  readonly stats: PoolStats;
  readonly minSize: number;
  readonly maxSize: number;
}

/** Where a pool's connections are opened to. */
export interface PoolPlace {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly database: string;
  /** Which of the pools to these hosts it is, if it is not the one that takes writes. */
  readonly pool?: 'readers';
}

interface Entry {
  /** A pool that nobody has any more is not kept. */
  readonly pool: WeakRef<VisiblePool>;
  readonly place: PoolPlace;
}

const POOLS = new Set<Entry>();

/** Notes a pool for those who observe all of the process. What it returns strikes it out. */
export function notePool(pool: VisiblePool, place: PoolPlace): () => void {
  const entry: Entry = { pool: new WeakRef(pool), place };
  POOLS.add(entry);
  return () => void POOLS.delete(entry);
}

/** The pools that have not been closed. */
export function* openPools(): Generator<{ readonly pool: VisiblePool; readonly place: PoolPlace }> {
  for (const entry of POOLS) {
    const pool = entry.pool.deref();
    if (pool === undefined) POOLS.delete(entry);
    else yield { pool, place: entry.place };
  }
}
