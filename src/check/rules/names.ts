/** What can be looked for besides mistakes, each off unless it is asked for. */
export const RULES = [
  'missing-index',
  'select-star',
  'write-without-where',
  'lossy-type',
  'queries-in-loop',
] as const;
export type Rule = (typeof RULES)[number];

/** How seriously each is taken. */
export type Rules = { readonly [R in Rule]?: 'error' | 'warning' | 'off' };
