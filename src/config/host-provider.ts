/** One server, by where it is. */
export interface Host {
  /** Host name, IP address, or the directory of a Unix socket. Certificates are checked with it. */
  readonly host: string;
  /** Default 5432. */
  readonly port?: number | null | undefined;
  /** The IP address to use instead of looking `host` up. */
  readonly hostaddr?: string | null | undefined;
  /**
   * What it is said to be: where that is wanted it is asked first. The server's own word decides,
   * as always.
   */
  readonly role?: 'primary' | 'standby' | null | undefined;
}

/**
 * Tells where the servers are, in place of fixed hosts: service discovery. The list holds for
 * `refreshMs`; it is asked for anew before the next connection is opened after that, and at once when none
 * of its servers could be taken. While asking fails, the last list stays.
 */
export interface HostProvider {
  /**
   * The servers as they are now, in the order to try: `{ host, port }` or `'host:port'`. At least one.
   *
   * @param options `signal`: aborted when nobody waits for the answer any more
   */
  list(options: {
    readonly signal: AbortSignal;
  }): Promise<readonly (Host | string)[]> | readonly (Host | string)[];
  /** How long a list holds, in milliseconds. Default 5,000; 0: asked before each connection. */
  readonly refreshMs?: number | undefined;
  /** How long `list` may take, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
}
