import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Json {
  readonly [key: string]: unknown;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts in a text, a list, or an object of conditions. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Told of each file that was asked for, be it there or not. */
export type Asked = (file: string) => void;

/** A file of JSON, which may have comments, and commas at the end of lists; null where it cannot be read. */
export function readJson(file: string, asked: Asked): Json | null {
  asked(file);
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const plain = text
      .replaceAll(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
      .replaceAll(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, '$1');
    const json: unknown = JSON.parse(plain);
    return isJson(json) ? json : null;
  } catch {
    return null;
  }
}

/** What a function makes of the nearest folder that it makes anything of: this one, or one around it. */
export function nearest<T>(folder: string, of: (folder: string) => T | null): T | null {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = of(at);
    if (found !== null || at === path.dirname(at)) return found;
  }
}
