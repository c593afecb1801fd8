import { builtinModule } from '../../runtime/builtin-module.ts';

/** Appends a line of the secrets of a TLS session to a file that only its owner can read. */
export function appendKeyLog(file: string, line: Buffer): void {
  builtinModule('node:fs').appendFileSync(file, line, { mode: 0o600 });
}
