import type { MessageReader } from './reader.ts';

/**
 * The format code of a column, a parameter or a COPY: 0 is text, 1 is binary.
 *
 * PostgreSQL manual, section 54.1.3 "Formats and Format Codes".
 */
export type FormatCode = 0 | 1;

/** Takes a number from the wire for a format code; any other marks the message as malformed. */
export function formatCode(reader: MessageReader, code: number): FormatCode {
  if (code !== 0 && code !== 1) reader.fail(`${code} is no format code`);
  return code === 1 ? 1 : 0;
}

/** Reads a counted list of format codes. */
export function readFormatCodes(reader: MessageReader): FormatCode[] {
  const count = reader.count(2);
  const formats: FormatCode[] = [];
  for (let i = 0; i < count; i++) formats.push(formatCode(reader, reader.int16()));
  return formats;
}
