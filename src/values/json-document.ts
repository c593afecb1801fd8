/**
 * A value that is written as a JSON document: into a parameter of type json, jsonb or text, and as the
 * element of an array of these. Made by `sql.json`.
 */
export class JsonDocument {
  /** What the document is made of. */
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  /** What JSON.stringify makes of the value: its own `toJSON`, which it would not ask again, included. */
  toJSON(key: string): unknown {
    const { value } = this;
    const own = (value as { toJSON?: unknown } | null)?.toJSON;
    return typeof own === 'function' ? own.call(value, key) : value;
  }
}
