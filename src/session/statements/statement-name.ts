/** Behind a pooler many processes share a server session: their names must never meet. */
const PREFIX = `asyncpg_${process.pid.toString(36)}${Math.random().toString(36).slice(2)}_`;
let count = 0;

/** A name for a statement that no other session uses. */
export function newStatementName(): string {
  count += 1;
  return `${PREFIX}${count.toString(36)}`;
}
