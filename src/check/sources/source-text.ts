/** What is said of a source in another encoding. */
export const NOT_UTF8 = 'the file is not UTF-8: save it as that';

/**
 * The text of a source; null where its bytes are no UTF-8. Read all the same, it would have other letters, which
 * `--fix` would write.
 */
export function sourceText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
