/**
 * The server's side of a session as a function from bytes to messages: what the client sends is
 * answered the way PostgreSQL would, from a table of results. It has no socket, so a test can
 * take the messages and cut, change, drop or swap them before the client gets them.
 *
 * PostgreSQL manual, "Message Flow".
 */
import { writeAuthentication } from '../../../src/protocol/backend/authentication.ts';
import { writeErrorResponse } from '../../../src/protocol/backend/response.ts';
import {
  type FieldDescription,
  writeBindComplete,
  writeCloseComplete,
  writeCommandComplete,
  writeDataRow,
  writeEmptyQueryResponse,
  writeNoData,
  writeParameterDescription,
  writeParseComplete,
  writePortalSuspended,
  writeRowDescription,
} from '../../../src/protocol/backend/result.ts';
import {
  type TransactionStatus,
  writeBackendKeyData,
  writeParameterStatus,
  writeReadyForQuery,
} from '../../../src/protocol/backend/session.ts';
import {
  writeCopyData,
  writeCopyDone,
  writeCopyInResponse,
  writeCopyOutResponse,
} from '../../../src/protocol/copy.ts';
import { CANCEL_REQUEST_CODE, SSL_REQUEST_CODE } from '../../../src/protocol/frontend/startup.ts';
import { Frontend } from '../../../src/protocol/message-type.ts';
import type { MessageWriter } from '../../../src/protocol/writer.ts';
import { decodeFrontendMessage } from './frontend-message.ts';
import { encoded } from './scripted-connection.ts';

/** What the server answers to a query. */
export interface PuppetResult {
  /** The OIDs of the parameters' types. */
  readonly parameters?: readonly number[];
  /** Name and type's OID of each column. */
  readonly columns?: readonly (readonly [name: string, typeOid: number])[];
  readonly rows?: readonly (readonly (Uint8Array | null)[])[];
  readonly tag?: string;
  /** SQLSTATE and text of an error in place of a result. */
  readonly error?: readonly [sqlstate: string, message: string];
  /** Messages of their own accord, ahead of the result. */
  readonly aside?: (writer: MessageWriter) => void;
  /** The data of COPY TO STDOUT. */
  readonly copyOut?: readonly Uint8Array[];
  /** COPY FROM STDIN. */
  readonly copyIn?: boolean;
  /** One row, of the parameters as they were bound. */
  readonly echo?: boolean;
  /** No answer, ever. */
  readonly silent?: boolean;
}

/** What is answered to which text; to all others a result without rows. */
type PuppetResults =
  | Readonly<Record<string, PuppetResult>>
  | ((text: string) => PuppetResult | undefined);

/** What a puppet is made with. */
export interface PuppetOptions {
  readonly results?: PuppetResults;
  /** What StartupMessage is answered with; by default everybody is let in. */
  readonly greeting?: readonly Buffer[];
}

/** Settings that a client looks at. */
export const SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  default_transaction_read_only: 'off',
  in_hot_standby: 'off',
  integer_datetimes: 'on',
  server_version: '18.0',
  search_path: '"$user", public',
  standard_conforming_strings: 'on',
};

/** AuthenticationOk, settings, key and ReadyForQuery. */
export function greeting(
  settings: Readonly<Record<string, string>> = SETTINGS,
  secretKey: Uint8Array = Buffer.from('key!'),
): Buffer[] {
  return [
    encoded((writer) => writeAuthentication(writer, { method: 'Ok' })),
    ...Object.entries(settings).map(([name, value]) =>
      encoded((writer) => writeParameterStatus(writer, name, value)),
    ),
    encoded((writer) => writeBackendKeyData(writer, 4711, secretKey)),
    encoded((writer) => writeReadyForQuery(writer)),
  ];
}

interface PuppetPortal {
  readonly text: string;
  readonly parameters: readonly (Uint8Array | null)[];
  next: number;
}

const NO_RESULT: PuppetResult = {};

/** What a client may send while the server waits for the data of a COPY. */
const COPY_TYPES: ReadonlySet<number> = new Set([
  Frontend.CopyData,
  Frontend.CopyDone,
  Frontend.CopyFail,
  Frontend.Flush,
]);

/** One server session. */
export class Puppet {
  /** The texts of all queries, in order of execution. */
  readonly executed: string[] = [];
  readonly #options: PuppetOptions;
  #unread: Buffer = Buffer.alloc(0);
  #started = false;
  #status: TransactionStatus = 'I';
  #failed = false;
  #copying: 'simple' | 'extended' | null = null;
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, PuppetPortal>();
  #answers: Buffer[] = [];
  #silent = false;

  constructor(options: PuppetOptions = {}) {
    this.#options = options;
  }

  /** Takes what the client has sent; returns the answers, one buffer for each message. */
  receive(chunk: Uint8Array): Buffer[] {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    this.#answers = [];
    while (!this.#silent) {
      const header = this.#started ? 1 : 0;
      if (this.#unread.length < header + 4) break;
      const end = header + this.#unread.readInt32BE(header);
      if (this.#unread.length < end) break;
      const type = this.#started ? this.#unread.readUInt8(0) : null;
      const body = this.#unread.subarray(header + 4, end);
      this.#unread = this.#unread.subarray(end);
      if (type === null) this.#startUp(body);
      else this.#message(type, body);
    }
    return this.#answers;
  }

  #say(write: (writer: MessageWriter) => void): void {
    this.#answers.push(...messagesOf(encoded(write)));
  }

  #startUp(body: Buffer): void {
    const code = body.readInt32BE(0);
    if (code === CANCEL_REQUEST_CODE) return;
    if (code === SSL_REQUEST_CODE) {
      this.#answers.push(Buffer.from('N'));
      return;
    }
    this.#started = true;
    this.#answers.push(...(this.#options.greeting ?? greeting()));
  }

  #message(type: number, body: Buffer): void {
    if (type === Frontend.Sync) {
      // In the middle of COPY FROM STDIN, Sync means nothing.
      if (this.#copying !== null) return;
      this.#failed = false;
      this.#ready();
      return;
    }
    if (this.#failed) return;
    if (this.#copying !== null && !COPY_TYPES.has(type)) {
      // The message is taken for data that it is not, and lost.
      this.#endCopy(() => this.#error('08P01', 'unexpected message type during COPY from stdin'));
      return;
    }
    switch (type) {
      case Frontend.Query:
        this.#simpleQuery(decodeFrontendMessage('Query', body).text);
        return;
      case Frontend.Parse: {
        const { statement, text } = decodeFrontendMessage('Parse', body);
        this.#statements.set(statement, text);
        this.#say(writeParseComplete);
        return;
      }
      case Frontend.Describe: {
        const { target, name } = decodeFrontendMessage('Describe', body);
        if (target === 'S') this.#describeStatement(this.#statements.get(name) ?? '');
        else this.#describeColumns(this.#portals.get(name)?.text ?? '');
        return;
      }
      case Frontend.Bind: {
        const { portal, statement, parameters } = decodeFrontendMessage('Bind', body);
        const text = this.#statements.get(statement) ?? '';
        this.#portals.set(portal, { text, parameters, next: 0 });
        this.#say(writeBindComplete);
        return;
      }
      case Frontend.Execute: {
        const { portal, maxRows } = decodeFrontendMessage('Execute', body);
        const found = this.#portals.get(portal);
        if (found === undefined) this.#error('34000', `portal "${portal}" does not exist`);
        else this.#execute(found, maxRows);
        return;
      }
      case Frontend.Close:
        this.#say(writeCloseComplete);
        return;
      case Frontend.CopyDone:
        this.#endCopy(() => this.#say((writer) => writeCommandComplete(writer, 'COPY 1')));
        return;
      case Frontend.CopyFail:
        this.#endCopy(() => this.#error('57014', 'COPY from stdin failed'));
        return;
    }
  }

  #endCopy(answer: () => void): void {
    const how = this.#copying;
    if (how === null) return;
    this.#copying = null;
    answer();
    if (how === 'simple') this.#ready();
  }

  #ready(): void {
    this.#failed = false;
    this.#say((writer) => writeReadyForQuery(writer, this.#status));
  }

  #error(sqlstate: string, message: string): void {
    this.#failed = true;
    if (this.#status === 'T') this.#status = 'E';
    this.#say((writer) => writeErrorResponse(writer, { severity: 'ERROR', sqlstate, message }));
  }

  #result(text: string): PuppetResult {
    const { results } = this.#options;
    const found = typeof results === 'function' ? results(text) : results?.[text];
    return found ?? NO_RESULT;
  }

  #describeStatement(text: string): void {
    const { parameters } = this.#result(text);
    this.#say((writer) => writeParameterDescription(writer, parameters ?? []));
    this.#describeColumns(text);
  }

  #describeColumns(text: string): void {
    const { columns } = this.#result(text);
    this.#say((writer) => {
      if (columns === undefined) writeNoData(writer);
      else writeRowDescription(writer, fieldsOf(columns));
    });
  }

  #simpleQuery(text: string): void {
    const statements = text
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    if (statements.length === 0) this.#say(writeEmptyQueryResponse);
    for (const statement of statements) {
      const { columns } = this.#result(statement);
      if (columns !== undefined) {
        this.#say((writer) => writeRowDescription(writer, fieldsOf(columns)));
      }
      this.#execute({ text: statement, parameters: [], next: 0 }, 0, 'simple');
      if (this.#copying !== null) return;
      if (this.#failed) break;
    }
    this.#ready();
  }

  #execute(portal: PuppetPortal, maxRows: number, how: 'simple' | 'extended' = 'extended'): void {
    const { text } = portal;
    this.executed.push(text);
    const result = this.#result(text);
    if (result.silent === true) {
      this.#silent = true;
      return;
    }
    const { aside } = result;
    if (aside !== undefined) this.#say(aside);
    if (result.error !== undefined) {
      this.#error(...result.error);
      return;
    }
    if (text.startsWith('BEGIN')) this.#status = 'T';
    if (text === 'COMMIT' || text === 'ROLLBACK') this.#status = 'I';
    if (text === '') {
      this.#say(writeEmptyQueryResponse);
      return;
    }
    if (result.copyIn) {
      this.#copying = how;
      this.#say((writer) => writeCopyInResponse(writer, { format: 0, columnFormats: [0] }));
      return;
    }
    if (result.copyOut !== undefined) {
      const { copyOut } = result;
      this.#say((writer) => {
        writeCopyOutResponse(writer, { format: 0, columnFormats: [0] });
        for (const data of copyOut) writeCopyData(writer, data);
        writeCopyDone(writer);
        writeCommandComplete(writer, `COPY ${copyOut.length}`);
      });
      return;
    }
    const rows = result.echo === true ? [portal.parameters] : (result.rows ?? []);
    const limit = maxRows === 0 ? rows.length : Math.min(rows.length, portal.next + maxRows);
    for (; portal.next < limit; portal.next++) {
      const row = rows[portal.next]!;
      this.#say((writer) => writeDataRow(writer, row));
    }
    if (maxRows > 0 && portal.next < rows.length) this.#say(writePortalSuspended);
    else {
      const verb = text.split(' ')[0]!;
      const tag = result.tag ?? (result.columns === undefined ? verb : `SELECT ${rows.length}`);
      this.#say((writer) => writeCommandComplete(writer, tag));
    }
  }
}

function fieldsOf(columns: NonNullable<PuppetResult['columns']>): FieldDescription[] {
  return columns.map(([name, typeOid]) => ({
    name,
    typeOid,
    tableOid: 0,
    columnNumber: 0,
    typeSize: -1,
    typeModifier: -1,
    format: 0,
  }));
}

/** The messages in a stretch of bytes, one by one. */
export function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}
