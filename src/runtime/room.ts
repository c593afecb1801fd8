/**
 * Code that few programs need, in a file of its own in `dist/` and in bundles. Whoever may have to wait opens it; from
 * then on its exports are at hand, and nothing waits any more:
 *
 *     const { scalarForms } = room.content ?? (await room.open());
 *
 * A call takes its place in the queue before it waits for one, or calls of one turn would change places: see
 * `ClientSession.with`.
 */
export class Room<T> {
  /** What the file exports; null while it is not loaded. */
  content: T | null = null;
  readonly #load: () => Promise<T>;

  /** @param load `() => import('./its-file.ts')`, written out so that bundlers see it */
  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Loads it, once: the engine keeps modules. A file that is not there is asked for again. */
  async open(): Promise<T> {
    this.content ??= await this.#load();
    return this.content;
  }
}
