/**
 * Whether a test has put this function in the place of the runtime's own: those of Jest, Vitest and
 * Sinon bear the clock that they belong to.
 */
export function isFaked(given: object): boolean {
  return Object.hasOwn(given, 'clock');
}
