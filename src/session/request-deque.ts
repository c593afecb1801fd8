import type { Request } from './request.ts';

/** A first-in-first-out queue whose ends cost the same however long it is. */
export class RequestDeque {
  #items: (Request | null)[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get head(): Request | null {
    return this.#first < this.#items.length ? this.#items[this.#first]! : null;
  }

  push(request: Request): void {
    this.#items.push(request);
  }

  shift(): Request | null {
    if (this.#first >= this.#items.length) return null;
    const request = this.#items[this.#first]!;
    this.#items[this.#first++] = null;
    if (this.#first === this.#items.length) {
      this.#items.length = 0;
      this.#first = 0;
    } else if (this.#first > 1024) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return request;
  }

  remove(request: Request): void {
    const at = this.#items.indexOf(request, this.#first);
    if (at >= 0) this.#items.splice(at, 1);
  }

  some(is: (request: Request) => boolean): boolean {
    return this.#items.some((request) => request !== null && is(request));
  }

  /** Empties the queue. */
  drain(): Request[] {
    const items = this.#items.slice(this.#first) as Request[];
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
