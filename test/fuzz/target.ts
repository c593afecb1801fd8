import fc from 'fast-check';

/** Something that is given any input and must keep a promise whatever it is. */
export interface Target {
  readonly name: string;
  readonly property: fc.IRawProperty<unknown>;
}

/** How often, or for how long, and from where. */
export interface Campaign {
  readonly seed: number;
  readonly runs: number;
  readonly milliseconds?: number;
  /** The way to a single input that failed before, as it was printed. */
  readonly path?: string;
}

/** What became of it. */
export interface Findings {
  readonly executions: number;
  /** Null when the promise was kept; else the smallest input found, and what happened. */
  readonly failure: { readonly path: string; readonly report: string } | null;
}

/** A target whose `check` throws when the input is not dealt with as it must be. */
export function target<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => void): Target {
  return { name, property: fc.property(input, check) as fc.IRawProperty<unknown> };
}

/** The same for what takes several turns of the event loop. */
export function asyncTarget<T>(
  name: string,
  input: fc.Arbitrary<T>,
  check: (input: T) => Promise<void>,
): Target {
  return { name, property: fc.asyncProperty(input, check) as fc.IRawProperty<unknown> };
}

/** Tries a target with generated inputs; the same campaign tries the same ones. */
export async function fuzz({ property }: Target, campaign: Campaign): Promise<Findings> {
  const { seed, runs, milliseconds, path } = campaign;
  const details = await fc.check(property as fc.IAsyncProperty<unknown>, {
    seed,
    numRuns: runs,
    ...(milliseconds === undefined ? {} : { interruptAfterTimeLimit: milliseconds }),
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  const failure = details.failed
    ? { path: details.counterexamplePath ?? '', report: reportOf(details) }
    : null;
  return { executions: details.numRuns, failure };
}

function reportOf(details: fc.RunDetails<unknown>): string {
  const reason =
    details.errorInstance instanceof Error ? details.errorInstance.stack : details.errorInstance;
  return `${fc.stringify(details.counterexample)}\n${String(reason)}`;
}

// ── Inputs ──────────────────────────────────────────────────────────────────────────────────

/** Numbers that turn up as lengths, counts and OIDs, and those at the edges. */
const WORDS = [
  0, 1, 2, 3, 4, 5, 7, 8, 16, 23, 25, 255, 256, 1007, 2249, 20_001, 20_008, 65_535, 0x3fffffff,
  0x7fffffff, -1, -2, -0x80000000,
];

type Edit = readonly [kind: number, place: number, value: number];

const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.nat(6),
  fc.nat(0xffff),
  fc.oneof(fc.constantFrom(...WORDS), fc.integer()),
);

/** Seeds with a few changes: bytes and words replaced, parts cut out, doubled and cut off. */
export function mutated(seeds: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(seeds, fc.array(edit, { maxLength: 4 }))
    .map(([seed, edits]) => edits.reduce(applied, Buffer.from(seed)));
}

function applied(bytes: Buffer, [kind, place, value]: Edit): Buffer {
  const at = bytes.length === 0 ? 0 : place % bytes.length;
  const size = 1 + (Math.abs(value) % 8);
  switch (kind) {
    case 0: // One byte.
      if (at < bytes.length) bytes[at] = value & 0xff;
      return bytes;
    case 1: // One bit.
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << (value & 7));
      return bytes;
    case 2: // A word of 32 bits.
      if (at + 4 <= bytes.length) bytes.writeInt32BE(value | 0, at);
      return bytes;
    case 3: // A word of 16 bits.
      if (at + 2 <= bytes.length) bytes.writeUInt16BE(value & 0xffff, at);
      return bytes;
    case 4: // A part is missing.
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    case 5: // A part comes twice.
      return Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]);
    default: // The end is missing.
      return bytes.subarray(0, at);
  }
}

/** Bytes without any sense, and small numbers as 32-bit words. */
export const noise: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(
      fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.integer()), { maxLength: 12 }),
      fc.uint8Array({ maxLength: 6 }),
    )
    .map(([words, rest]) => {
      const bytes = Buffer.alloc(words.length * 4);
      for (const [i, value] of words.entries()) bytes.writeInt32BE(value | 0, i * 4);
      return Buffer.concat([bytes, rest]);
    }),
);

/** Texts of the pieces that a grammar knows, in any order. */
export function pieces(some: readonly string[], maxLength: number = 16): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...some), { maxLength }).map((list) => list.join(''));
}
