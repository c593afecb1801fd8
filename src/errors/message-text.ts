/** What a message says besides: more about what was wrong, and what to do about it. */
interface Additions {
  readonly detail?: string | null | undefined;
  readonly hint?: string | null | undefined;
}

/** A message with its detail and its hint, as psql shows them. */
export function messageText(message: string, { detail, hint }: Additions = {}): string {
  let text = message;
  if (detail !== null && detail !== undefined) text += `\nDETAIL:  ${detail}`;
  if (hint !== null && hint !== undefined) text += `\nHINT:  ${hint}`;
  return text;
}
