import type { TlsState } from '../byte-stream.ts';

/** What sockets with TLS tell of it. */
export interface PeerTls {
  readonly alpnProtocol: string | false | null;
  getPeerX509Certificate(): { readonly raw: Uint8Array } | undefined;
}

/** The TLS of a socket. */
export class SocketTls implements TlsState {
  readonly #socket: PeerTls;

  constructor(socket: PeerTls) {
    this.#socket = socket;
  }

  get alpn(): string | null {
    return this.#socket.alpnProtocol || null;
  }

  peerCertificate(): Uint8Array | null {
    return this.#socket.getPeerX509Certificate()?.raw ?? null;
  }
}
