import type { MessageWriter } from '../../protocol/writer.ts';
import type { TextForm } from '../codec.ts';
import { printed } from '../containers/printed.ts';
import { Unencodable } from '../unencodable.ts';

/** The text of a value that is about to be sent by this writer. Throws `Unencodable`. */
export function argumentText(writer: MessageWriter, form: TextForm, value: unknown): string {
  if (writer.readsArrayNulls) return form.encode(value);
  const { nulls } = printed;
  const text = form.encode(value);
  if (printed.nulls === nulls) return text;
  throw new Unencodable('a NULL in an array has no text in a session with array_nulls = off');
}
