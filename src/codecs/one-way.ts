import { DecodeError } from '../errors/client-errors.ts';
import type { BinaryForm, TextForm } from './codec.ts';
import { Unencodable } from './unencodable.ts';

/** Whether values can be written in a form: not if the user's codec only reads it. */
export function canEncode(form: TextForm | BinaryForm | null): boolean {
  return form !== null && form.encode !== noEncoder;
}

/** Whether values can be read in a form: not if the user's codec only writes it. */
export function canDecode(form: TextForm | BinaryForm | null): boolean {
  return form !== null && form.decode !== noDecoder;
}

export function noEncoder(): never {
  throw new Unencodable(`the type's codec has no encoder for this format: set one`);
}

export function noDecoder(): never {
  throw new DecodeError(`the type's codec has no decoder for this format: set one`);
}
