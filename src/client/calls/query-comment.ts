/** What makes a comment for the text of a call, if it wants one. */
export type Commenter = (text: string) => string | null;

/** The comment that tracers add to texts. There is none unless somebody has asked for it. */
export const COMMENTS: { commenter: Commenter | null } = { commenter: null };

/** The comment of a call that is about to be submitted and then traced, or null. */
export function commentOf(text: string): string | null {
  return COMMENTS.commenter === null ? null : COMMENTS.commenter(text);
}

/** Behind the text: places in it stay where they are. */
export function withComment(text: string, comment: string | null): string {
  if (comment === null) return text;
  // A comment up to the end of the line may be the last that the text has.
  return `${text}${text.includes('--') ? '\n' : ' '}${comment}`;
}
