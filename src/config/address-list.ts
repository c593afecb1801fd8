import { ipVersion } from '../values/ip-address.ts';
import { configurationError, gotSuffix } from './origin.ts';
import type { TextParser, ValueParser } from './value-parsers.ts';

export const addressListText: TextParser<readonly (string | null)[]> = (text, origin) =>
  text.split(',').map((item) => {
    const address = item.trim();
    if (address === '') return null;
    if (ipVersion(address) === 0) {
      throw configurationError(origin, `expected an IP address${gotSuffix(address, origin)}`);
    }
    return address;
  });

export const addressListValue: ValueParser<readonly (string | null)[]> = (value, origin) => {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw configurationError(origin, 'expected at least one IP address');
  return items.flatMap((item) => {
    if (typeof item !== 'string') {
      throw configurationError(
        origin,
        `expected an IP address or a list of them${gotSuffix(item, origin)}`,
      );
    }
    return addressListText(item, origin);
  });
};
