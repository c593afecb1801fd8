import { SimpleRequest } from './simple-request.ts';

/** A script whose rows are dropped. Resolves to the last command tag. */
export class ScriptRequest extends SimpleRequest<string> {
  #tag = '';

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

  protected override succeed(): void {
    this.resolve(this.#tag);
  }
}
