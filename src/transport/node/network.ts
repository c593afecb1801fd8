import type { Network } from '../network.ts';
import { resolveAddresses } from './addresses.ts';
import { SocketStream } from './socket-stream.ts';

/** Node's sockets, TLS and name resolution. */
export const nodeNetwork: Network = {
  resolve: resolveAddresses,
  connect: SocketStream.connect,
  wrap: (stream) => new SocketStream(stream),
};
