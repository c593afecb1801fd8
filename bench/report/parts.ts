import { existsSync, readFileSync } from 'node:fs';
import type { Part } from './part.ts';
import { coldPart } from './parts/cold.ts';
import { facadePart } from './parts/facade.ts';
import { replicationPart } from './parts/replication.ts';
import { tailsPart } from './parts/tails.ts';

const RESULTS = new URL('../results/', import.meta.url);

/** The parts of the report that were measured, from bench/results. */
export function readParts(): Part[] {
  return [
    read('tails.json', tailsPart),
    read('cold.json', coldPart),
    read('facade.json', facadePart),
    read('replication.json', replicationPart),
  ].flat();
}

function read<Results>(file: string, partOf: (results: Results) => Part): Part[] {
  const url = new URL(file, RESULTS);
  return existsSync(url) ? [partOf(JSON.parse(readFileSync(url, 'utf8')) as Results)] : [];
}
