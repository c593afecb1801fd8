import * as classes from '../src/errors/sqlstate.generated.ts';

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
  watch: ['../src/errors/sqlstate.generated.ts'],
  load: (): ErrorClass[] =>
    Object.values<Constructor>(classes).map((each) => ({
      name: each.name,
      sqlstate: each.sqlstate,
      parent: (Object.getPrototypeOf(each) as Constructor).name,
    })),
};
