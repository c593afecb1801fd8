import { type SpawnOptions, spawn } from 'node:child_process';

/** How a command ended and everything that it printed. */
export interface CommandResult {
  /** The exit code, or `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams, in the order in which they arrived. */
  readonly output: string;
}

/** Runs a command to its end. Rejects only when it cannot be started at all. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
  onSpawn: (pid: number) => void = () => {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const output: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      output.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      output.push(chunk);
    });
    child.once('error', reject);
    child.once('spawn', () => {
      if (child.pid !== undefined) onSpawn(child.pid);
    });
    child.once('close', (code) => {
      resolve({
        code,
        stdout: Buffer.concat(stdout).toString('utf8'),
        output: Buffer.concat(output).toString('utf8'),
      });
    });
  });
}
