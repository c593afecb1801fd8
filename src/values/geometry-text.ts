import { float8FromText } from './float-text.ts';

/** Walks a geometric text: punctuation and numbers, spaces anywhere between them. */
export class GeometryText {
  readonly #type: string;
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(type: string, text: string) {
    if (typeof text !== 'string') throw new TypeError(`the text of a ${type} must be a string`);
    this.#type = type;
    this.#text = text;
    this.#tokens = text.match(/[()[\]{}<>,]|[^()[\]{}<>,\s]+/g) ?? [];
  }

  refuse(): SyntaxError {
    const shown = this.#text.length > 80 ? `${this.#text.slice(0, 80)}…` : this.#text;
    return new SyntaxError(`not the text of a ${this.#type}: ${JSON.stringify(shown)}`);
  }

  peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  take(token: string): void {
    if (this.#tokens[this.#next] !== token) throw this.refuse();
    this.#next += 1;
  }

  number(): number {
    const value = float8FromText(this.#tokens[this.#next] ?? '');
    if (value === undefined) throw this.refuse();
    this.#next += 1;
    return value;
  }

  /** A point: its two coordinates. */
  point(): [x: number, y: number] {
    this.take('(');
    const x = this.number();
    this.take(',');
    const y = this.number();
    this.take(')');
    return [x, y];
  }

  /** One or more points, with commas between. */
  points(): [x: number, y: number][] {
    const points = [this.point()];
    while (this.peek() === ',') {
      this.take(',');
      points.push(this.point());
    }
    return points;
  }

  end(): void {
    if (this.#next !== this.#tokens.length) throw this.refuse();
  }
}
