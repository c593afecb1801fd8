import { isMap } from '../../values/builtins.ts';
import { isPlainObject } from '../../values/kind-of.ts';
import { int32At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { utf8 } from '../text-decode.ts';
import { wrongKind } from '../unencodable.ts';

/*
 * hstore, of the extension of that name: an object of strings and nulls. As arguments, Maps
 * are taken too. https://www.postgresql.org/docs/current/hstore.html
 */

const EXPECTED = 'an object or a Map of strings and nulls';
/** A pair is at least two lengths. */
const MINIMUM_PAIR = 8;

/** Sets a key from outside: also `__proto__` becomes a plain entry. */
function put(target: Record<string, string | null>, key: string, value: string | null): void {
  if (key !== '__proto__') target[key] = value;
  else {
    const descriptor = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(target, key, descriptor);
  }
}

function entriesOf(value: unknown): [string, string | null][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongKind(EXPECTED, value);
  }
  if (!isMap(value) && !isPlainObject(value)) throw wrongKind(EXPECTED, value);
  const entries: [unknown, unknown][] = isMap(value) ? [...value] : Object.entries(value);
  for (const [key, item] of entries) {
    if (typeof key !== 'string') throw wrongKind('a string as the key', key);
    if (typeof item === 'string' || item === null) continue;
    const error = wrongKind('a string or null', item);
    error.path = `.${key}`;
    throw error;
  }
  return entries as [string, string | null][];
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Reads what hstore_out prints: every key quoted, every value quoted or NULL. */
class HstoreText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Record<string, string | null> {
    const result: Record<string, string | null> = {};
    while (this.#at < this.#text.length) {
      const key = this.#string();
      this.#expect('=>');
      put(result, key, this.#skip('NULL') ? null : this.#string());
      if (this.#at < this.#text.length) {
        this.#expect(', ');
        if (this.#at === this.#text.length) throw malformed('hstore', 'it ends too early');
      }
    }
    return result;
  }

  #skip(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#skip(token)) throw malformed('hstore', `expected ${token} at ${this.#at}`);
  }

  #string(): string {
    this.#expect('"');
    const text = this.#text;
    let result = '';
    let from = this.#at;
    for (let at = from; at < text.length; at++) {
      const char = text[at];
      if (char === '"') {
        this.#at = at + 1;
        return result + text.slice(from, at);
      }
      if (char === '\\') {
        result += text.slice(from, at);
        from = ++at;
      }
    }
    throw malformed('hstore', 'it has an unterminated string');
  }
}

function decodeBinary(buffer: Buffer, start: number, end: number): Record<string, string | null> {
  if (end - start < 4) throw malformed('hstore', 'it ends too early');
  const count = int32At(buffer, start);
  if (count < 0 || count * MINIMUM_PAIR > end - start - 4) {
    throw malformed('hstore', `it announces ${count} pairs that it cannot hold`);
  }
  let at = start + 4;
  const string = (): string | null => {
    if (end - at < 4) throw malformed('hstore', 'it ends too early');
    const size = int32At(buffer, at);
    at += 4;
    if (size === -1) return null;
    if (size < 0 || size > end - at) throw malformed('hstore', `it has a length of ${size}`);
    at += size;
    return utf8(buffer, at - size, at);
  };
  const result: Record<string, string | null> = {};
  for (let i = 0; i < count; i++) {
    const key = string();
    if (key === null) throw malformed('hstore', 'it has a NULL key');
    put(result, key, string());
  }
  if (at !== end) throw malformed('hstore', `${end - at} bytes follow its end`);
  return result;
}

export const hstore: CodecForms = {
  text: {
    decode: (text) => new HstoreText(text).read(),
    encode(value) {
      const pairs = entriesOf(value).map(
        ([key, item]) => `${quote(key)}=>${item === null ? 'NULL' : quote(item)}`,
      );
      return pairs.join(', ');
    },
  },
  binary: {
    decode: decodeBinary,
    encode(writer, value) {
      const entries = entriesOf(value);
      writer.int32(entries.length);
      const string = (text: string): void => {
        const at = writer.reserveLength();
        writer.utf8(text);
        writer.patchLength(at);
      };
      for (const [key, item] of entries) {
        string(key);
        if (item === null) writer.int32(-1);
        else string(item);
      }
    },
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
