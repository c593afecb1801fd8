import { isUrl } from '../../values/builtins.ts';

/** The path if `value` is one. Throws TypeError for a URL that is no file's. */
export function filePath(value: unknown, what: 'source' | 'output'): string | URL | null {
  if (typeof value === 'string') {
    if (what === 'source' && /[\r\n]/.test(value)) {
      throw new TypeError(
        'a string as the source of a COPY is the path of a file, and this one has a line break: pass data as [data]',
      );
    }
    if (value !== '' && !value.includes('\0')) return value;
    throw new TypeError(`the ${what} of a COPY must be a path that is not empty and has no NUL`);
  }
  if (!isUrl(value)) return null;
  if (value.protocol === 'file:') return value;
  throw new TypeError(`the ${what} of a COPY must be a file URL`);
}
