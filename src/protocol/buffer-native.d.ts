/**
 * The encoding-specific methods under `buffer.write()` and `buffer.toString()`. Node and Bun
 * have both had them for as long as they have had Buffer, but the type packages leave them
 * out. They skip the look-up of an encoding's name, a third of the cost of a short string.
 */
interface Buffer {
  utf8Write(text: string, offset: number, length?: number): number;
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}
