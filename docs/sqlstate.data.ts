import * as classes from '../src/errors/generated/sqlstate.ts';

/** One class of the table. */
export interface ErrorClass {
  readonly name: string;
  readonly sqlstate: string | null;
  /** The class that it extends. */
  readonly parent: string;
}

declare const data: readonly ErrorClass[];

export { data };

type Constructor = { readonly name: string; readonly sqlstate: string | null };

export default {
  watch: ['../src/errors/generated/sqlstate.ts'],
  load: (): ErrorClass[] =>
    Object.values<Constructor>(classes).map((each) => ({
      name: each.name,
      sqlstate: each.sqlstate,
      parent: (Object.getPrototypeOf(each) as Constructor).name,
    })),
};
