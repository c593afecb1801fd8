import { UndefinedTableError } from '../../errors/generated/sqlstate.ts';

/**
 * The same promise. If it fails as there is no such table, and the name looks like one with its schema,
 * the error's hint says how a schema is given: a name is quoted as a whole.
 */
export async function withSchemaHint<R>(
  copying: Promise<R>,
  table: string,
  schema: string | undefined,
): Promise<R> {
  try {
    return await copying;
  } catch (error) {
    const dot = table.indexOf('.');
    if (error instanceof UndefinedTableError && error.hint === null && dot > 0) {
      const [first, rest] = [table.slice(0, dot), table.slice(dot + 1)].map((name) =>
        JSON.stringify(name),
      );
      const hint = `The name is taken as it is, dot included. For the table ${rest} of the schema ${first}, give ${rest} and the option schema: ${first}.`;
      if (schema === undefined) (error as { hint: string | null }).hint = hint;
    }
    throw error;
  }
}
