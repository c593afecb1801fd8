import type { RequestHost } from '../request.ts';
import { SimpleRequest } from './simple-request.ts';

/** A savepoint or a rollback, as transactions send them. */
const BRIEF =
  /^(?:SAVEPOINT \w+|ROLLBACK|ROLLBACK TO SAVEPOINT \w+; RELEASE SAVEPOINT \w+)(?: ?\/\*.*\*\/)?$/;

/** A script whose rows are dropped. Resolves to the last command tag. */
export class ScriptRequest extends SimpleRequest<string> {
  /** It has succeeded, outside of a transaction or with its end: nothing undoes that. */
  isLasting = false;
  #tag = '';

  override get isBrief(): boolean {
    return BRIEF.test(this.text);
  }

  protected override begin(): void {
    this.#tag = '';
  }

  protected override described(): void {
    // Its rows are dropped.
  }

  override dataRow(): void {
    // See above.
  }

  protected override completed(tag: string): void {
    if (tag !== '') this.#tag = tag;
  }

  protected override succeed(session: RequestHost): void {
    this.isLasting = session.transactionStatus === 'I';
    this.resolve(this.#tag);
  }
}
