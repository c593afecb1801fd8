import type { LookupFunction } from 'node:net';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { isWorkerd } from '../../runtime/other-runtimes.ts';

const net = /* @__PURE__ */ builtinModule('node:net');

/**
 * All addresses of a host name in the resolver's order, each once; an address is its own, and given at once.
 * `lookup` has the signature of `dns.lookup`; it may answer with one address or with all.
 */
export function resolveAddresses(
  host: string,
  lookup: LookupFunction | null,
): string | Promise<string[]> {
  // Cloudflare's runtime connects by name alone, to what the network of the worker makes of it.
  if (net.isIP(host) !== 0 || (isWorkerd && lookup === null)) return host;
  const dns = builtinModule('node:dns');
  // As `net.connect` asks: no addresses of a family that this machine has none of.
  const hints = process.platform === 'win32' ? 0 : dns.ADDRCONFIG;
  return new Promise((resolve, reject) => {
    const ask: LookupFunction = lookup ?? dns.lookup;
    ask(host, { all: true, hints }, (error, found) => {
      if (error) {
        reject(error);
        return;
      }
      // The caller's own function may call back with anything, and what is thrown here would end the process.
      const addresses = Array.isArray(found) ? found.map((each) => each?.address) : [found];
      if (addresses.length === 0 || addresses.some((address) => net.isIP(address) === 0)) {
        reject(new TypeError(`looking up ${host} gave no IP address`));
      } else {
        resolve([...new Set(addresses)]);
      }
    });
  });
}
