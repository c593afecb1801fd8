import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import type { Row } from '../../values/row.ts';
import type { RequestHost } from '../request.ts';
import type { Statement } from '../statements/statement.ts';
import { ExtendedRequest } from './extended-request.ts';

/** One of the driver's own queries, in one flight: what it takes and returns is known before. */
export class IntrospectionRequest extends ExtendedRequest<Row[]> {
  readonly #statement: Statement;
  readonly #args: readonly unknown[];
  readonly #decoder: RowDecoder;
  readonly #rows: Row[] = [];

  constructor(
    statement: Statement,
    args: readonly unknown[],
    decoder: RowDecoder = statement.decoderOf('record') as RowDecoder,
  ) {
    super(null);
    this.#statement = statement;
    this.#args = args;
    this.#decoder = decoder;
  }

  override start(session: RequestHost): void {
    this.send(session);
  }

  protected override write({ writer }: RequestHost): void {
    const statement = this.#statement;
    statement.writeParseIfUnnamed(writer);
    statement.writeBind(writer, this.#args);
    statement.writeExecuteAndSync(writer);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    this.#rows.push(this.#decoder(buffer, start, end, session.inbox.textRun));
  }

  protected override answer(): void {
    // ParseComplete, BindComplete and CommandComplete say nothing that matters here.
  }

  override ready(): void {
    if (this.error !== null) this.fail(this.error);
    else this.resolve(this.#rows);
  }
}
