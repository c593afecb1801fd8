import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { scanQuery } from '../../sql/placeholders.ts';
import { hasBackslashes } from '../has-backslashes.ts';

/** The protocol counts the parameters of a statement in 16 bits. */
const MAX_PARAMETERS = 65_535;

/** Refuses more arguments than a statement can have parameters. */
export function checkArgumentCount(count: number): void {
  if (count > MAX_PARAMETERS) {
    throw tooMany(`a query takes at most 65,535 arguments, not ${count}`);
  }
}

/** Refuses a text with numbers like $65536: the server takes it, but its answer has no room. */
export function checkParameterNumbers(text: string, settings: ReadonlyMap<string, string>): void {
  if (!/\$\d{5}/.test(text)) return;
  const { placeholders } = scanQuery(text, hasBackslashes(settings));
  const beyond = placeholders.find(({ number }) => number > MAX_PARAMETERS);
  if (beyond !== undefined)
    throw tooMany(`$${beyond.number}: a query takes at most 65,535 parameters`);
}

function tooMany(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, {
    hint: 'Pass arrays (unnest($1::int4[], …)), or use executeMany or copyRecordsToTable.',
  });
}
