import { format, inspect } from 'node:util';

/** What was compared since this was emptied. */
export const compared = new Set<string>();

/**
 * Compares what a block says of a value, behind `// →`, with the value: a list is what
 * `console.log` was given. An ellipsis (…) stands for any text.
 */
export function printed(expected: string, value: unknown): void {
  compared.add(expected);
  const options = { breakLength: Infinity, compact: 10, depth: 6 } as const;
  const [first, ...rest] = Array.isArray(value) ? value : [];
  const shown = [
    inspect(value, options),
    Array.isArray(value) &&
      [first, ...rest]
        .map((each) => (typeof each === 'string' ? each : inspect(each, options)))
        .join(' '),
  ];
  const pattern = expected.split('…').map(literally).join('[^]*');
  if (shown.some((text) => text !== false && new RegExp(`^${pattern}$`).test(text))) return;
  throw new Error(
    format('the documentation says %s, but it is %s', expected, shown.at(-1) || shown[0]),
  );
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
