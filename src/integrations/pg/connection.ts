import { EventEmitter } from 'node:events';
import { writeCopyData, writeCopyDone, writeCopyFail } from '../../protocol/copy.ts';
import {
  writeClose,
  writeDescribe,
  writeExecute,
  writeFlush,
  writeParse,
  writeQuery,
  writeSync,
} from '../../protocol/frontend/query.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { writeUntypedBind } from '../../session/requests/untyped-query-request.ts';
import { isUint8Array } from '../../values/builtins.ts';
import type { BackendMessage } from './messages.ts';
import { safely } from './safely.ts';
import { wellFormed } from './well-formed.ts';
import { type Wire, WireStream } from './wire-stream.ts';

/** How the server answers a message: not at all, at its next Sync, or up to a ReadyForQuery. */
export type Answer = 'none' | 'later' | 'ready';

/** The messages that answer a query. `readyForQuery` is told of without being looked for. */
const ANSWERS: ReadonlySet<string | symbol> = new Set([
  'message',
  'parseComplete',
  'bindComplete',
  'closeComplete',
  'noData',
  'parameterDescription',
  'rowDescription',
  'dataRow',
  'portalSuspended',
  'commandComplete',
  'emptyQuery',
  'errorMessage',
  'copyInResponse',
  'copyOutResponse',
  'copyData',
  'copyDone',
]);

/** What a connection needs of its client. */
export interface ConnectionOwner extends Wire {
  /** Has messages written, if it is somebody's turn to speak. */
  speak(write: (writer: MessageWriter) => void, answer: Answer): void;
  /** Bytes of the server come back from who has read the stream in the client's place. */
  taken(chunk: Buffer): void;
  /** Somebody has asked for the stream. */
  attach(stream: WireStream): void;
}

/** Values that were made parameters already. */
function asTheyAre(value: any): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || isUint8Array(value) ? value : String(value);
}

/**
 * What queries that speak the protocol on their own are given, as pg-cursor and pg-copy-streams do, and
 * what tells of messages: `parameterStatus`, `rowDescription`, `readyForQuery` …
 */
export class Connection extends EventEmitter {
  readonly #owner: ConnectionOwner | null;
  #stream: WireStream | null = null;
  /** What the client does about the ReadyForQuery that is being told of. */
  #ready: (() => void) | null = null;
  readonly #takeReady = (): void => {
    const ready = this.#ready;
    this.#ready = null;
    ready?.();
  };
  /** Statements by name that the server knows. */
  parsedStatements: Record<string, string> = {};
  /** Those that it has been sent, and has not answered yet. */
  submittedNamedStatements: Record<string, string> = {};
  ssl: any;
  /** Whether it has been begun to connect. */
  _connecting = false;
  _ending = false;

  constructor(config?: unknown);
  /** @internal */
  constructor(config: { ssl?: unknown } | undefined, owner: ConnectionOwner);
  constructor(config?: { ssl?: unknown }, owner?: ConnectionOwner) {
    super();
    this.ssl = config?.ssl || false;
    this.#owner = owner ?? null;
  }

  /** Stands in for the socket. */
  get stream(): WireStream {
    if (this.#stream === null) {
      const owner = this.#requireOwner();
      const stream = new WireStream(owner, (chunk) => owner.taken(chunk));
      owner.attach(stream);
      stream.on('error', (error) => this.emit('error', error));
      this.#stream = stream;
    }
    return this.#stream;
  }

  /** The stand-in, if anybody has asked for it. @internal */
  get _wire(): WireStream | null {
    return this.#stream;
  }

  /** Whether anybody listens to messages of this name, or to all. @internal */
  hears(name: string): boolean {
    return this.listenerCount(name) > 0 || this.listenerCount('message') > 0;
  }

  /** Whether anybody listens to messages that answer queries. @internal */
  get hearsAnswers(): boolean {
    return this.eventNames().some((name) => ANSWERS.has(name));
  }

  /** Has whoever listens to it hear a message. @internal */
  tell(message: BackendMessage): void {
    if (this.listenerCount('message') > 0) safely(() => this.emit('message', message));
    safely(() => this.emit(message.name, message));
  }

  /** The client takes its place among those who listen to `readyForQuery`, as it does in pg. @internal */
  handleReady(): void {
    this.on('readyForQuery', this.#takeReady);
  }

  /** Has whoever listens hear that the server waits, and in its turn the client, which calls `handle`. @internal */
  tellReady(status: 'I' | 'T' | 'E', handle: () => void): void {
    this.#ready = handle;
    this.tell({ name: 'readyForQuery', length: 5, status });
    // If a listener has thrown, or all were removed.
    this.#takeReady();
  }

  #requireOwner(): ConnectionOwner {
    if (this.#owner === null) {
      throw new Error('a Connection without a Client cannot be used: make a Client');
    }
    return this.#owner;
  }

  #speak(write: (writer: MessageWriter) => void, answer: Answer): void {
    this.#requireOwner().speak(write, answer);
  }

  query(text: string): void {
    this.#speak((writer) => writeQuery(writer, wellFormed(text)), 'ready');
  }

  parse(query: { text: string; name?: string; types?: any }, _more?: boolean): void {
    const { text, name, types } = query;
    const oids = Array.isArray(types) ? types : [];
    this.#speak((writer) => writeParse(writer, name || '', wellFormed(text), oids), 'later');
  }

  bind(config?: any, _more?: boolean): void {
    const { portal, statement, binary, values, valueMapper } = config ?? {};
    const prepare = valueMapper ? (value: unknown) => asTheyAre(valueMapper(value, 0)) : asTheyAre;
    this.#speak(
      (writer) =>
        writeUntypedBind(writer, {
          portal: portal || '',
          statement: statement || '',
          values: values || [],
          binary: Boolean(binary),
          prepare,
        }),
      'later',
    );
  }

  describe(target: { type: string; name?: string }, _more?: boolean): void {
    this.#speak((writer) => writeDescribe(writer, kindOf(target), target.name || ''), 'later');
  }

  execute(config?: any, _more?: boolean): void {
    const { portal, rows } = config ?? {};
    this.#speak((writer) => writeExecute(writer, portal || '', Number(rows) || 0), 'later');
  }

  close(target: { type: string; name?: string }, _more?: boolean): void {
    this.#speak((writer) => writeClose(writer, kindOf(target), target.name || ''), 'later');
  }

  flush(): void {
    this.#speak(writeFlush, 'none');
  }

  sync(): void {
    this.#speak(writeSync, 'ready');
  }

  sendCopyFromChunk(chunk: Uint8Array): void {
    this.#speak((writer) => writeCopyData(writer, chunk), 'none');
  }

  endCopyFrom(): void {
    this.#speak(writeCopyDone, 'none');
  }

  sendCopyFail(message: string): void {
    this.#speak((writer) => writeCopyFail(writer, message), 'none');
  }

  /** Says goodbye and closes. */
  end(): void {
    this._ending = true;
    this.#requireOwner().end();
  }

  ref(): void {
    this.#owner?.ref();
  }

  unref(): void {
    this.#owner?.unref();
  }
}

function kindOf({ type }: { type: string }): 'S' | 'P' {
  return type === 'P' ? 'P' : 'S';
}
