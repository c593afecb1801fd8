import net from 'node:net';

/** A socket that is connected, as an option `dial` gives it. */
export async function connectedTo({ host, port }: DialledHost): Promise<net.Socket> {
  const socket = net.connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

interface DialledHost {
  readonly host: string;
  readonly port: number;
}

/** An option `dial` that counts the flights of messages that are sent: one is a round trip. */
export class CountingDial {
  flights = 0;
  readonly #sockets = new Set<net.Socket>();
  readonly #silent = new WeakSet<net.Socket>();

  readonly dial = async (host: DialledHost): Promise<net.Socket> => {
    const socket = await connectedTo(host);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = ((...args: unknown[]) => {
      this.flights += 1;
      return this.#silent.has(socket) || write(...args);
    }) as typeof socket.write;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  };

  /** How many flights there were since the last `take`. */
  take(): number {
    const { flights } = this;
    this.flights = 0;
    return flights;
  }

  /** How many flights `work` takes. */
  async during(work: () => Promise<unknown>): Promise<number> {
    const before = this.flights;
    await work();
    return this.flights - before;
  }

  /** Cuts every connection as a network would, without a word. */
  cut(): void {
    for (const socket of this.#sockets) {
      // Node never tells the end of a socket that is reset after it was ended.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Has nothing pass on the connections that are open, of which neither side is told. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  get open(): number {
    return this.#sockets.size;
  }
}
