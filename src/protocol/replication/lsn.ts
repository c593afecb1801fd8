import { InvalidArgumentError } from '../../errors/client-errors.ts';

const LSN = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i;

/** A place in the write-ahead log as PostgreSQL prints it: `16/B374D848`. */
export function lsnText(lsn: bigint): string {
  const high = (lsn >> 32n).toString(16).toUpperCase();
  return `${high}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** Reads what `lsnText` and the server print. Throws InvalidArgumentError for anything else. */
export function parseLsn(text: string): bigint {
  const match = typeof text === 'string' ? LSN.exec(text) : null;
  if (match === null) {
    const what = typeof text === 'string' ? JSON.stringify(text) : `the type ${typeof text}`;
    throw new InvalidArgumentError(`expected a log position such as "16/B374D848", got ${what}`);
  }
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}
