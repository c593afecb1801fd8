import { ClientConfigurationError } from '../errors/client-errors.ts';

/** The type of each option there is: what `typeof` says of its values. */
export type OptionTypes<Options> = {
  readonly [Name in keyof Options]-?:
    | 'boolean'
    | 'function'
    | 'number'
    | 'object'
    | 'string'
    | 'any';
};

/**
 * An option that there is not would be left out unseen, as one of another library's adapter is that was in the place of ours.
 *
 * @param of whose options they are
 * @param hint what to do about an option that there is not
 * @throws ClientConfigurationError
 */
export function checkOptions<Options extends object>(
  of: string,
  options: Options,
  types: OptionTypes<Options>,
  hint?: (name: string) => string | undefined,
): void {
  if (typeof options !== 'object' || options === null) {
    throw new ClientConfigurationError(`the options of ${of} must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(types, name)) {
      const told = hint?.(name) ?? `There are: ${Object.keys(types).join(', ')}.`;
      throw new ClientConfigurationError(`${of}: unknown option "${name}"`, { hint: told });
    }
    const type = types[name as keyof Options];
    if (type !== 'any' && (value === null || typeof value !== type)) {
      throw new ClientConfigurationError(`${of}: the option "${name}" must be of type ${type}`);
    }
  }
}
