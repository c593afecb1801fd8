import {
  type FieldDescription,
  readParameterDescription,
  readRowDescription,
} from '../../protocol/backend/result.ts';
import { writeDescribe, writeParse, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { MessageWriter } from '../../protocol/writer.ts';
import type { RequestHost } from '../request.ts';
import type { Server } from '../server.ts';
import { checkParameterNumbers } from '../statements/parameter-limit.ts';
import type { StatementDescription } from '../statements/statement.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { ExtendedRequest } from './extended-request.ts';

/**
 * Throws what keeps any of these texts from being prepared, before anything is sent of those that are prepared
 * together.
 */
export function checkPreparable(texts: Iterable<string>, { settings }: Server): void {
  const writer = new MessageWriter();
  for (const text of texts) {
    checkParameterNumbers(text, settings);
    writer.offset = 0;
    writeParse(writer, '', text);
  }
}

/** Parse and Describe: has a statement prepared and learns what it takes and returns. */
export class PrepareRequest extends ExtendedRequest<StatementDescription> {
  readonly #name: string;
  readonly #text: string;
  #parameterOids: number[] = [];
  #fields: FieldDescription[] | null = null;

  constructor(name: string, text: string) {
    super(null);
    this.#name = name;
    this.#text = text;
  }

  override start(session: RequestHost): void {
    this.send(session);
  }

  protected override write({ writer, server }: RequestHost): void {
    checkParameterNumbers(this.#text, server.settings);
    writeParse(writer, this.#name, this.#text);
    writeDescribe(writer, 'S', this.#name);
    writeSync(writer);
  }

  protected override answer(
    _session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.ParseComplete:
      case Backend.NoData:
        return;
      case Backend.ParameterDescription:
        this.#parameterOids = readParameterDescription(new MessageReader(buffer, start, end));
        return;
      case Backend.RowDescription:
        this.#fields = readRowDescription(new MessageReader(buffer, start, end));
        return;
      default:
        unexpectedMessage(type, 'in answer to Parse');
    }
  }

  /** As far as it was answered. */
  protected get description(): StatementDescription {
    return { parameterOids: this.#parameterOids, fields: this.#fields };
  }

  override ready(): void {
    if (this.error !== null) this.fail(this.error);
    else this.resolve(this.description);
  }
}
