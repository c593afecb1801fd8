import { builtinModule } from '../../runtime/builtin-module.ts';
import { processWarning } from '../../runtime/process-warning.ts';

/** Files that cannot be written to, each of which is told of once. */
const failing = new Set<string>();

/**
 * Appends a line of the secrets of a TLS session to a file that only its owner can read. Where that fails the connection
 * goes on, with a process warning: it is called by an event, where an error would end the process.
 */
export function appendKeyLog(file: string, line: Buffer): void {
  try {
    builtinModule('node:fs').appendFileSync(file, line, { mode: 0o600 });
    failing.delete(file);
  } catch (error) {
    if (failing.has(file)) return;
    failing.add(file);
    processWarning(
      'AsyncpgKeyLogWarning',
      `sslkeylogfile is not written: ${(error as Error).message}`,
    );
  }
}
