import fc from 'fast-check';

/** By which call a number is inserted. */
const WAYS = [
  'execute',
  'with arguments',
  'fetch',
  'executeMany',
  'fetchMany',
  'batch',
  'copy',
  'stream',
  'prepared',
  'script',
] as const;
export type Way = (typeof WAYS)[number];

/** On which object: the innermost transaction's, the connection, or the one outside of that. */
export type On = 'here' | 'connection' | 'outer';

/** Texts that end a transaction. */
const ENDS = ['COMMIT', 'ROLLBACK', 'COMMIT AND CHAIN', 'END; BEGIN', 'ABORT'] as const;

/** How a transaction is to end. */
type Outcome = 'return' | 'throw' | 'commit' | 'rollback' | 'leave';

/** One step of a program. Steps that are not `awaited` go on while the next ones are taken. */
export type Step =
  | { readonly kind: 'insert'; readonly way: Way; readonly on: On; readonly awaited: boolean }
  | {
      readonly kind: 'transaction';
      readonly on: On;
      readonly body: Body;
      readonly awaited: boolean;
      readonly abortAfter: number | null;
    }
  | { readonly kind: 'begin'; readonly body: Body }
  | { readonly kind: 'savepoint'; readonly body: Body }
  | {
      readonly kind: 'end';
      readonly text: (typeof ENDS)[number];
      readonly on: On;
      readonly awaited: boolean;
    }
  | { readonly kind: 'fail'; readonly on: On; readonly awaited: boolean }
  | { readonly kind: 'listen' | 'unlisten' | 'silence'; readonly channel: number }
  | { readonly kind: 'pause'; readonly turns: number };

export interface Body {
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
}

/** What goes on at once on one connection. */
export type Program = readonly (readonly Step[])[];

const on = fc.oneof(
  { weight: 5, arbitrary: fc.constant<On>('here') },
  { weight: 3, arbitrary: fc.constant<On>('connection') },
  { weight: 1, arbitrary: fc.constant<On>('outer') },
);
const awaited = fc.oneof(
  { weight: 3, arbitrary: fc.constant(true) },
  { weight: 2, arbitrary: fc.constant(false) },
);

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const leaves: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      way: fc.constantFrom(...WAYS),
      on,
      awaited,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const), turns: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), on, awaited }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      text: fc.constantFrom(...ENDS),
      on,
      awaited,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('listen' as const, 'unlisten' as const, 'silence' as const),
      channel: fc.nat(2),
    }),
  },
];

/** What may be taken `depth` transactions deep. */
function step(depth: number): fc.Arbitrary<Step> {
  if (depth === 3) return fc.oneof(...leaves);
  const steps = fc.array(step(depth + 1), { maxLength: 5, size: 'max' });
  const body = (...outcomes: Outcome[]): fc.Arbitrary<Body> =>
    fc.record({ steps, outcome: fc.constantFrom(...outcomes) });
  return fc.oneof(
    ...leaves,
    {
      weight: depth === 0 ? 14 : 5,
      arbitrary: fc.record({
        kind: fc.constant('transaction' as const),
        on,
        awaited,
        abortAfter: rarely(fc.nat(4)),
        body: body('return', 'return', 'throw'),
      }),
    },
    {
      weight: depth === 0 ? 6 : 2,
      arbitrary: fc.record({
        kind: fc.constant('begin' as const),
        body: body('commit', 'commit', 'rollback', 'leave'),
      }),
    },
    {
      weight: depth === 0 ? 0 : 2,
      arbitrary: fc.record({
        kind: fc.constant('savepoint' as const),
        body: body('commit', 'rollback', 'leave'),
      }),
    },
  );
}

export const program: fc.Arbitrary<Program> = fc.array(
  fc.array(step(0), { minLength: 1, maxLength: 4, size: 'max' }),
  { minLength: 1, maxLength: 4, size: 'max' },
);
