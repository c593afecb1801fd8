/**
 * What must hold after every test file, whatever it tests: no connection is left open, and the
 * process was not warned of listeners that pile up. Unhandled rejections fail a run anyway.
 */
import { afterAll } from 'vitest';

/** Resources that are a connection, or are to become one. */
const CONNECTIONS: ReadonlySet<string> = new Set([
  'GetAddrInfoReqWrap',
  'TCPConnectWrap',
  'TCPServerWrap',
  'TCPSocketWrap',
  'TLSWrap',
]);

/** How long a connection that is closing may take, in milliseconds. */
const PATIENCE = 5_000;

function open(): string[] {
  return process.getActiveResourcesInfo().filter((name) => CONNECTIONS.has(name));
}

const before = open().length;
const warnings: Error[] = [];

process.on('warning', (warning) => {
  if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
});

afterAll(async () => {
  const patienceEnds = Date.now() + PATIENCE;
  while (open().length > before && Date.now() < patienceEnds) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (open().length > before) throw new Error(`left open: ${open().join(', ')}`);
  if (warnings.length > 0) throw new AggregateError(warnings, 'listeners piled up');
});
