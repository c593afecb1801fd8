import { InvalidArgumentError } from '../../errors/client-errors.ts';

/** The names of all options of a call: their type sees to it that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** Refuses an option that does not exist: misspelled, it would be left out unseen. */
export function checkOptions<Options extends object>(
  call: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  if (options === null || typeof options !== 'object') {
    throw new InvalidArgumentError(`the options of ${call} must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, name)) continue;
    throw new InvalidArgumentError(`${call} has no option ${JSON.stringify(name)}`, {
      hint: `It has ${Object.keys(names).join(', ')}.`,
    });
  }
}

/** An option that is true or false; a text such as 'false' would be true unseen. */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidArgumentError(`${option} must be true or false`);
}
