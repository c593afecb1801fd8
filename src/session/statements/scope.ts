/**
 * What texts mean in a session at a time, see Surroundings. The same surroundings are the same
 * object, until the schema changes.
 */
export interface Scope {
  readonly key: string;
}
