import net from 'node:net';

/** The name for SNI: addresses are never sent. */
export function serverName(host: string): string | undefined {
  return host === '' || net.isIP(host) !== 0 ? undefined : host;
}
