/**
 * The text of a query as it is sent: half of a character becomes U+FFFD, as in a value. A name may be in the
 * place of a text.
 */
export function wellFormed(text: string | undefined): string {
  return text === undefined || text === null ? '' : text.toWellFormed();
}
