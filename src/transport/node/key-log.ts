import { appendFileSync } from 'node:fs';

/** Appends a line of the secrets of a TLS session to a file that only its owner can read. */
export function appendKeyLog(file: string, line: Buffer): void {
  appendFileSync(file, line, { mode: 0o600 });
}
