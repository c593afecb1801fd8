import { DecodeError, InterfaceError } from '../errors/client-errors.ts';

/** A part of a value: `.street` of a composite, the number of an array's element. */
type Step = string | number;

/** Where inside the value that is read each error has its cause, outermost first. */
const places = new WeakMap<object, readonly Step[]>();

/** Whether a value is at fault: malformed, or not to be had in the way that the options ask for. */
export function isOfValue(error: unknown): error is DecodeError | InterfaceError {
  return error instanceof DecodeError || error instanceof InterfaceError;
}

/** Makes an error of reading a part one of reading the whole: puts `step` before its place. */
export function inside(error: unknown, step: Step): unknown {
  if (isOfValue(error)) places.set(error, [step, ...(places.get(error) ?? [])]);
  return error;
}

/** The same for an array of several dimensions, whose element is known by its number among all. */
export function insideDimensions(error: unknown, pathOf: (index: number) => string): unknown {
  const [first, ...rest] = placeOf(error);
  if (typeof first === 'number') places.set(error as object, [pathOf(first), ...rest]);
  return error;
}

/** Where the cause is inside the value: `[3].street`; empty for the value as a whole. */
export function placeInside(error: object): string {
  return placeOf(error)
    .map((step) => (typeof step === 'number' ? `[${step}]` : step))
    .join('');
}

function placeOf(error: unknown): readonly Step[] {
  return places.get(error as object) ?? [];
}
