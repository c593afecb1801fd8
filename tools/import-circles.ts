// Circles in a graph of imports, for tools/check-floors.ts.

/** What each file imports. */
export type Graph = Map<string, readonly string[]>;

/** Files whose types refer to each other in a circle, and why they may. */
export interface Circle {
  readonly files: readonly string[];
  readonly reason: string;
}

/**
 * Finds circles of imports: those of values, and those of values and types together that are not allowed.
 * An allowed one that is no longer there is found too.
 */
export function checkCircles(
  values: Graph,
  all: Graph,
  allowed: readonly Circle[],
): { readonly file: string; readonly message: string }[] {
  const found: { readonly file: string; readonly message: string }[] = [];
  const report = (file: string, message: string): void => {
    found.push({ file, message });
  };
  const loaded = knotsOf(values);
  for (const knot of loaded) {
    report(knot[0]!, `imports in a circle: ${circleIn(values, knot[0]!).join(' -> ')}`);
  }
  const knots = knotsOf(all);
  for (const knot of knots) {
    if (loaded.some(([file]) => knot.includes(file!))) continue;
    if (allowed.some(({ files }) => knot.every((file) => files.includes(file)))) continue;
    const isNew = (file: string): boolean => !allowed.some(({ files }) => files.includes(file));
    const start = knot.find(isNew) ?? knot[0]!;
    report(start, `types in a circle: ${circleIn(all, start).join(' -> ')}`);
  }
  const knotted = new Set(knots.flat());
  for (const file of allowed.flatMap(({ files }) => files)) {
    if (knotted.has(file)) continue;
    report(file, 'is in no circle of types any more; take it off CIRCLES in tools/check-floors.ts');
  }
  return found;
}

/**
 * The circles of a graph, those that have a file in common taken together: from every file of a knot one
 * comes to every other. Both knots and files are sorted.
 *
 * @see https://doi.org/10.1137/0201010 (Tarjan, Depth-first search and linear graph algorithms)
 */
function knotsOf(graph: Graph): string[][] {
  const knots: string[][] = [];
  /** When each file was met. */
  const met = new Map<string, number>();
  /** Those that were met and may be in a knot with what is met next. */
  const open: string[] = [];
  /** Returns when the earliest open file was met to which this one leads. */
  const visit = (file: string): number => {
    const now = met.size;
    met.set(file, now);
    open.push(file);
    let earliest = now;
    for (const target of graph.get(file) ?? []) {
      if (!met.has(target)) earliest = Math.min(earliest, visit(target));
      else if (open.includes(target)) earliest = Math.min(earliest, met.get(target)!);
    }
    if (earliest === now) {
      const knot = open.splice(open.indexOf(file));
      if (knot.length > 1 || graph.get(file)?.includes(file)) knots.push(knot.sort());
    }
    return earliest;
  };
  for (const file of graph.keys()) if (!met.has(file)) visit(file);
  return knots.sort();
}

/** The shortest way from a file of a knot back to it. */
function circleIn(graph: Graph, start: string): string[] {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const target of graph.get(way.at(-1)!) ?? []) {
      if (target === start) return [...way, start];
      if (seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return [];
}
