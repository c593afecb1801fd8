/** Resources of a process that a test must not leave behind: connections, and waits for them. */
const CONNECTIONS: ReadonlySet<string> = new Set([
  'GetAddrInfoReqWrap',
  'PipeConnectWrap',
  'PipeWrap',
  'TCPConnectWrap',
  'TCPServerWrap',
  'TCPSocketWrap',
  'TLSWrap',
]);

/** The connections that are open, or about to be, of whatever kind. */
export function openConnections(): string[] {
  return process.getActiveResourcesInfo().filter((name) => CONNECTIONS.has(name));
}

/** Timers that keep the process alive. */
export function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** Waits until `isOver`, at most for `patience` milliseconds; tells whether it came to that. */
export async function over(isOver: () => boolean, patience: number): Promise<boolean> {
  const patienceEnds = Date.now() + patience;
  while (!isOver()) {
    if (Date.now() >= patienceEnds) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return true;
}
