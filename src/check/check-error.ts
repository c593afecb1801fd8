/** Why the command could not run: exit code 2. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
}
