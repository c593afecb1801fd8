/**
 * Tells the user of something outside of any call, by a process warning.
 *
 * @param name by which it is told from others
 * @param detail where it is about, for example
 */
export function processWarning(name: string, message: string, detail?: string): void {
  const warning: Error & { detail?: string } = new Error(message);
  warning.name = name;
  if (detail !== undefined) warning.detail = detail;
  process.emitWarning(warning);
}
