/**
 * A temporary cluster could not be found, created, started or stopped. The message says what to do
 * about it and ends with the tail of the server's log when there is one.
 */
export class ClusterError extends Error {
  /** The name of the class. */
  override readonly name = 'ClusterError';

  /** The last lines that `initdb` or the server wrote; empty when it wrote nothing. */
  readonly log: string;

  constructor(message: string, options: { readonly log?: string; readonly cause?: unknown } = {}) {
    const log = options.log?.trim() ?? '';
    super(
      log === '' ? message : `${message}\n--- end of its log ---\n${log}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.log = log;
  }
}
