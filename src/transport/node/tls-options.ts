import type { ConnectionOptions } from 'node:tls';
import { UnsupportedClientFeatureError } from '../../errors/client-errors.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { isDeno } from '../../runtime/other-runtimes.ts';
import type { TlsRequest } from '../byte-stream.ts';
import { withSecureContext } from './secure-context.ts';

/**
 * What `tls.connect` is told, besides the socket.
 *
 * @throws UnsupportedClientFeatureError where the runtime would leave a check away without a word
 */
export function tlsOptions({ ssl, host, alpn }: TlsRequest): ConnectionOptions {
  const options = ssl.tlsOptions();
  if (isDeno && options.crl !== undefined) {
    throw new UnsupportedClientFeatureError('Deno takes no lists of revoked certificates', {
      safeToRetry: true,
    });
  }
  // A name given among the options of Node is what the certificate shall have.
  const name = options.servername ?? (ssl.sni ? serverName(host) : undefined);
  return {
    ...withSecureContext(ssl, options),
    ...(name === undefined ? {} : { servername: name }),
    ...identityCheck(options),
    // What the certificate is for where no name is sent.
    host: options.host || host,
    ALPNProtocols: [alpn],
  };
}

/** A check of the user's own that throws has refused: Node would end the process, and nobody would be told. */
function identityCheck({ checkServerIdentity }: ConnectionOptions): ConnectionOptions {
  if (typeof checkServerIdentity !== 'function') return {};
  return {
    checkServerIdentity: (name, certificate) => {
      try {
        return checkServerIdentity(name, certificate);
      } catch (error) {
        return error instanceof Error
          ? error
          : new Error('checkServerIdentity has thrown', { cause: error });
      }
    },
  };
}

/** The name for SNI: addresses are never sent. */
function serverName(host: string): string | undefined {
  return host === '' || builtinModule('node:net').isIP(host) !== 0 ? undefined : host;
}
