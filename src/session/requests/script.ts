import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { InterfaceError } from '../../errors/client-errors.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { writeCopyFail } from '../../protocol/copy.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { PromisedRequest, type Request } from '../request.ts';
import type { Session } from '../session.ts';

/**
 * The simple protocol: any number of statements without arguments in one text and, unless it
 * says otherwise, one transaction. Resolves to the last command tag; rows are dropped.
 */
export class ScriptRequest extends PromisedRequest<string> {
  readonly text: string;
  #tag = '';

  constructor(text: string, deadline: Deadline | null) {
    super(deadline);
    this.text = text;
  }

  override start(session: Session): void {
    sendScript(session, this, this.text);
  }

  override message(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CommandComplete:
        this.#tag = readCommandComplete(new MessageReader(buffer, start, end));
        return;
      case Backend.EmptyQueryResponse:
      case Backend.RowDescription:
      case Backend.CopyData:
      case Backend.CopyDone:
        return;
      case Backend.CopyInResponse:
        this.error ??= copyNeedsItsCall('copyToTable');
        writeCopyFail(session.writer, 'COPY FROM STDIN is not possible in execute()');
        session.flushSoon();
        return;
      case Backend.CopyOutResponse:
        this.error ??= copyNeedsItsCall('copyFromTable');
        return;
      default:
        session.unexpected(`message '${String.fromCharCode(type)}' in answer to a script`);
    }
  }

  override dataRow(): void {
    // The rows of a script are not wanted.
  }

  override serverError(
    _session: Session,
    error: PostgresError,
    _fields: ServerMessageFields,
  ): void {
    error.query = this.text;
    this.error ??= error;
  }

  override ready(): void {
    if (this.error !== null) this.fail(this.error);
    else this.resolve(this.#tag);
  }
}

function copyNeedsItsCall(method: string): InterfaceError {
  return new InterfaceError(`a COPY from or to the client is not possible with execute()`, {
    hint: `Use ${method}().`,
  });
}

/** Sends `text` as one Query, a BEGIN that waits in the session in front of it. */
export function sendScript(session: Session, request: Request, text: string): void {
  const { writer, preamble } = session;
  const mark = writer.mark();
  try {
    writeQuery(writer, preamble === null ? text : `${preamble};${text}`);
  } catch (error) {
    writer.rollback(mark);
    request.fail(error);
    return;
  }
  session.preamble = null;
  session.sent(request);
}
