import { NAMES_BEGIN } from '../../sql/script-effects.ts';

/** Behind a pooler many processes share a server session: their names must never meet. */
let prefix: string | null = null;
let count = 0;

/** A name for a statement that no other session uses. */
export function newStatementName(): string {
  // Not before it is needed: Cloudflare's runtime has no random numbers outside of a request.
  prefix ??= `${NAMES_BEGIN}${process.pid.toString(36)}${Math.random().toString(36).slice(2)}_`;
  count += 1;
  return `${prefix}${count.toString(36)}`;
}
