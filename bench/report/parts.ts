import type { Part } from './part.ts';
import { coldPart } from './parts/cold.ts';
import { facadePart } from './parts/facade.ts';
import { ormsPart } from './parts/orms.ts';
import { replicationPart } from './parts/replication.ts';
import { tailsPart } from './parts/tails.ts';

type ReadResult = <Result>(name: string) => Result | null;

/** The parts of the report that were measured. */
export function partsOf(readResult: ReadResult): Part[] {
  const part = <Result>(name: string, of: (results: Result) => Part): Part[] => {
    const results = readResult<Result>(name);
    return results === null ? [] : [of(results)];
  };
  return [
    part('tails.json', tailsPart),
    part('cold.json', coldPart),
    part('facade.json', facadePart),
    part('orms.json', ormsPart),
    part('replication.json', replicationPart),
  ].flat();
}
