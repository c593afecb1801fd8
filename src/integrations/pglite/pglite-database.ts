/** What is used of a `PGlite`: all versions from 0.5 on have it. */
export interface PGliteDatabase {
  /** Resolves once the database can be used. */
  readonly waitReady: Promise<void>;
  /** It cannot be used any more. */
  readonly closed?: boolean;
  /** Carries out messages of the protocol, and hands on what is answered. */
  execProtocolRawStream(
    message: Uint8Array,
    options: { syncToFs?: boolean; onRawData: (data: Uint8Array) => void },
  ): Promise<void>;
  /** Brings what was written to where it is kept. */
  syncToFs(): Promise<void>;
  /** Keeps others from querying meanwhile. */
  runExclusive<T>(fn: () => Promise<T>): Promise<T>;
  /** Keeps others from transactions meanwhile. */
  _runExclusiveTransaction?<T>(fn: () => Promise<T>): Promise<T>;
  /** Tells of notifications that come with queries of its own. */
  onNotification?(callback: (channel: string, payload: string) => void): () => void;
}
