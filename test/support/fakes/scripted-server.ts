/**
 * A server that follows a script, so that a test says exactly what a client gets to see:
 *
 *     await using server = await ScriptedServer.listen([
 *       acceptStartup(),
 *       expectMessage('Query', { text: 'select 1' }),
 *       send((writer) => {
 *         writeCommandComplete(writer, 'SELECT 0');
 *         writeReadyForQuery(writer);
 *       }),
 *       expectMessage('Terminate'),
 *     ]);
 *     // … a client connects to server.host and server.port …
 *     await server.finished();
 *
 * It is made of the driver's own messages, read and written from the other side, and of
 * nothing above them. When a client does something else than the script says, its connection
 * is destroyed, and both `finished()` and the end of the test tell what happened instead.
 */
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { IGNORE_REST, type Script, type Step, stepsOf } from './script.ts';
import { ScriptError, ScriptedConnection } from './scripted-connection.ts';

/** Where to listen, and what to do on which connection. */
export interface ScriptedServerOptions {
  /** A Unix socket's path in place of a TCP port on the loopback interface. */
  readonly path?: string;
  /** Follow the last script on every further connection, not only on one. */
  readonly repeatLast?: boolean;
}

/** The listening server: the first script is for the first connection, and so on. */
export class ScriptedServer implements AsyncDisposable {
  /** Every accepted connection, in order. */
  readonly connections: ScriptedConnection[] = [];
  readonly #server: Server;
  readonly #scripts: readonly Script[];
  readonly #options: ScriptedServerOptions;
  readonly #runs: Promise<void>[] = [];
  #failure: ScriptError | null = null;
  #complete: () => void = () => undefined;
  readonly #allAccepted: Promise<void>;

  private constructor(scripts: readonly Script[], options: ScriptedServerOptions) {
    this.#scripts = scripts;
    this.#options = options;
    this.#allAccepted = new Promise((resolve) => {
      this.#complete = resolve;
    });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens with a script for its one connection. */
  static listen(script: Script, options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
    return ScriptedServer.listenFor([script], options);
  }

  /** Listens with a script for each of several connections. */
  static async listenFor(
    scripts: readonly Script[],
    options: ScriptedServerOptions = {},
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(scripts, options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      if (options.path === undefined) server.#server.listen(0, '127.0.0.1', resolve);
      else server.#server.listen(options.path, resolve);
    });
    return server;
  }

  /** The host to connect to; on a Unix socket its path. */
  get host(): string {
    return this.#options.path ?? '127.0.0.1';
  }

  /** The TCP port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection of that number, from 0. */
  connection(index: number = 0): ScriptedConnection {
    const connection = this.connections[index];
    if (connection === undefined) throw new ScriptError(`there was no connection ${index + 1}`);
    return connection;
  }

  /** Waits until every script was followed to its end; rejects when one was not. */
  async finished(): Promise<void> {
    await this.#allAccepted;
    await Promise.all(this.#runs);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Ends everything. Rejects when a script was not followed or a client sent more than it. */
  async close(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    if (this.#options.path !== undefined) rmSync(this.#options.path, { force: true });
    await Promise.all(this.#runs);
    if (this.#failure !== null) throw this.#failure;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const connection = new ScriptedConnection(this.connections.length, socket);
    this.connections.push(connection);
    const script =
      this.#scripts[connection.index] ??
      (this.#options.repeatLast === true ? this.#scripts.at(-1) : undefined);
    if (script === undefined) {
      this.#fail(connection, 'accept', new ScriptError('there is no script for this connection'));
      return;
    }
    this.#runs.push(this.#follow(connection, stepsOf(script)));
    if (this.connections.length >= this.#scripts.length) this.#complete();
  }

  async #follow(connection: ScriptedConnection, steps: readonly Step[]): Promise<void> {
    for (const [index, step] of steps.entries()) {
      try {
        await step.run(connection);
      } catch (error) {
        this.#fail(connection, `step ${index + 1} of ${steps.length} (${step.name})`, error);
        return;
      }
    }
    if (steps.at(-1)?.name !== IGNORE_REST) this.#watchRest(connection);
    connection.closeAfterClient();
  }

  /** A client may say goodbye after the script's end, and nothing else. */
  #watchRest(connection: ScriptedConnection): void {
    const check = (): void => {
      const rest = connection.unread;
      if (rest.length === 0 || GOODBYE.subarray(0, rest.length).equals(rest)) return;
      const error = new ScriptError(`the client sent ${connection.describeUnread()}`);
      this.#fail(connection, 'after the script', error);
    };
    check();
    connection.socket.on('data', check);
  }

  #fail(connection: ScriptedConnection, where: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const before = connection.messages.length === 0 ? '' : connection.messages.join(', ');
    this.#failure ??= new ScriptError(
      `connection ${connection.index + 1}, ${where}: ${reason}` +
        (before === '' ? '' : `\nthe client sent before: ${before}`),
      { cause: error },
    );
    connection.destroy();
    this.#complete();
  }
}

/** Terminate. */
const GOODBYE = Buffer.from([0x58, 0, 0, 0, 4]);
