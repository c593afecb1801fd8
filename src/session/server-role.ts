/** What a server reports of its role, since PostgreSQL 14. */
export const ROLE_SETTINGS: ReadonlySet<string> = new Set([
  'in_hot_standby',
  'default_transaction_read_only',
]);

/** Whether the server takes no writes; null: it does not tell. */
export function reportedReadOnly(settings: ReadonlyMap<string, string>): boolean | null {
  let readOnly: boolean | null = false;
  for (const name of ROLE_SETTINGS) {
    const value = settings.get(name);
    if (value === 'on') return true;
    if (value === undefined) readOnly = null;
  }
  return readOnly;
}
