/** What is said of such bytes where they are refused. */
export const WITHOUT_MEMORY = 'the memory of these bytes has been transferred or cut off';

/** Whether the memory behind bytes has gone: transferred to somebody else, or cut off by `resize`. */
export function isWithoutMemory(bytes: Uint8Array): boolean {
  if (bytes.length > 0) return false;
  try {
    bytes.values();
    return false;
  } catch {
    return true;
  }
}
