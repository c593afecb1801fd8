import { MissingTypesError } from '../../codecs/codec-source.ts';
import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import { OutdatedSchemaCacheError } from '../../errors/client-errors.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { Request, RequestHost } from '../request.ts';
import { learnTypes, withDomainsOf } from './preparation.ts';
import { type Statement, typesOf } from './statement.ts';
import { isValueError } from './value-error.ts';

/** After so many rows of a result it is worth the fastest decoder. */
const FEW = 16;
/** The most rows that memory is taken for before they come. */
const MAX_EXPECTED = 16 * 1024;

/** Rows that wait until more is known of their types. */
interface Postponed {
  readonly bytes: Buffer[];
  /**
   * Types that an anonymous record has brought up. `'outdated'`: what was known has proved wrong;
   * `'unconfirmed'`: it may be. `'domains'`: which columns are of domains with codecs of their own.
   */
  readonly wants: readonly number[] | 'outdated' | 'unconfirmed' | 'domains';
}

/**
 * The rows of one result, decoded as they arrive. A value that cannot be decoded is the
 * result's error, and the rest is only drained. Where a type must be asked for first, or has
 * changed on the server, the rows wait in their binary form for `complete`.
 */
export class RowCollector {
  readonly #form: RowForm;
  readonly #confirms: boolean;
  readonly #asksForDomains: boolean;
  #rows: Row[] = [];
  #count = 0;
  #statement: Statement | null = null;
  #decode!: RowDecoder;
  #postponed: Postponed | null = null;
  #confirmed = false;

  /**
   * @param form what the rows are made; arrays are typed as rows nevertheless
   * @param confirms whether composite types may have changed since the statement was looked up
   * @param asksForDomains whether nobody has asked which columns are of domains with codecs of their own
   */
  constructor(
    form: RowForm = 'record',
    confirms: boolean = false,
    asksForDomains: boolean = false,
  ) {
    this.#form = form;
    this.#confirms = confirms;
    this.#asksForDomains = asksForDomains;
  }

  /** Decodes a row and keeps it. Returns what is wrong with it, or null. */
  add(
    session: RequestHost,
    statement: Statement,
    buffer: Buffer,
    start: number,
    end: number,
  ): unknown {
    if (this.#statement !== statement) this.#begin(session, statement);
    else if (this.#count === FEW) this.#decode = statement.decoderOf(this.#form) as RowDecoder;
    if (this.#postponed !== null) {
      this.#postponed.bytes.push(Buffer.from(buffer.subarray(start, end)));
      return null;
    }
    try {
      this.#rows[this.#count] = this.#decode(buffer, start, end, session.inbox.textRun);
      this.#count += 1;
      return null;
    } catch (error) {
      if (error instanceof MissingTypesError || error instanceof OutdatedSchemaCacheError) {
        this.#postponed = {
          bytes: [Buffer.from(buffer.subarray(start, end))],
          wants: error instanceof MissingTypesError ? error.oids : 'outdated',
        };
        return null;
      }
      if (isValueError(error)) return error;
      throw error;
    }
  }

  /** A list that is as long as the last result need not grow: that is a fifth of a short row's cost. */
  #begin({ registry }: RequestHost, statement: Statement): void {
    if (this.#count === 0) this.#rows = new Array<Row>(expectedRows(statement));
    this.#statement = statement;
    this.#decode = statement.decoderToBegin(this.#form) as RowDecoder;
    if (statement.mayHaveDomains || (this.#asksForDomains && !this.#confirmed)) {
      this.#postponed = { bytes: [], wants: 'domains' };
    } else if (this.#confirms && !this.#confirmed) {
      const isComposite = registry.composites(typesOf(statement.description)).length > 0;
      if (isComposite) this.#postponed = { bytes: [], wants: 'unconfirmed' };
    }
  }

  /** All rows, once the last one has come. */
  get rows(): Row[] {
    if (this.#rows.length !== this.#count) this.#rows.length = this.#count;
    if (this.#statement !== null) this.#statement.lastCount = this.#count;
    return this.#rows;
  }

  /** Whether rows wait: then they are not all there before `complete`. */
  get isIncomplete(): boolean {
    return this.#postponed !== null;
  }

  /** Learns the types that are missing or outdated and decodes the rows that wait. */
  async complete(session: RequestHost, parent: Request): Promise<void> {
    let refreshed = false;
    for (let postponed = this.#postponed; postponed !== null; postponed = this.#postponed) {
      let statement = this.#statement!;
      if (postponed.wants === 'domains') {
        await learnTypes(session, parent, typesOf(statement.description), true);
        statement = await withDomainsOf(session, parent, statement);
      } else if (postponed.wants === 'outdated' || postponed.wants === 'unconfirmed') {
        if (postponed.wants === 'outdated') {
          if (refreshed) throw new OutdatedSchemaCacheError('a type has changed on the server');
          refreshed = true;
          session.registry.forget();
        }
        await learnTypes(session, parent, typesOf(statement.description), true);
        statement = statement.recompiled(session.registry);
      } else {
        await learnTypes(session, parent, postponed.wants);
      }
      this.#confirmed = true;
      this.#postponed = null;
      for (const bytes of postponed.bytes) {
        session.inbox.textRun.stretch(bytes.length);
        const error = this.add(session, statement, bytes, 0, bytes.length);
        if (error !== null) throw error;
      }
    }
  }
}

/** Calls `done` when all rows are there; the queue is held while types are asked for. */
export function complete(
  session: RequestHost,
  request: Request,
  collectors: readonly RowCollector[],
  done: () => void,
): void {
  const incomplete = collectors.filter((collector) => collector.isIncomplete);
  if (incomplete.length === 0 || request.abandoned) {
    done();
    return;
  }
  request.state = 'preparing';
  session.queue.comeBack(request, () => {
    if (request.abandoned) {
      done();
      return;
    }
    const completed = incomplete.reduce(
      (before, collector) => before.then(() => collector.complete(session, request)),
      Promise.resolve(),
    );
    session.queue.holdWhile(request, completed, done);
  });
}

/** At least one, so that all lists are of the same kind to the engine. */
function expectedRows({ lastCount }: Statement): number {
  return Math.min(Math.max(lastCount, 1), MAX_EXPECTED);
}
