import os from 'node:os';

const [cpu] = os.cpus();

/** What everything is measured on. */
export const MACHINE = `${os.cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${os.type()} ${os.arch()}, Node.js ${process.versions.node}`;

/** Time of this process on a processor so far, in microseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
