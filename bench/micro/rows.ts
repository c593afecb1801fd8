import { bench, group, do_not_optimize as keep } from 'mitata';
import { compileRowDecoder } from '../../src/codecs/compilers/row-decoder.ts';
import { TextRun } from '../../src/codecs/text-run.ts';
import { Framer } from '../../src/protocol/framer.ts';
import type { Row } from '../../src/values/row.ts';
import { SAMPLES, type SampleResult } from './sample-result.ts';

/** As much as one read of a socket brings. */
const CHUNK = 64 * 1024;

/** Takes the whole way from received bytes to rows: framer, decoder, text run. */
export function rowsReader({ columns, bytes, rows: expected }: SampleResult, generate?: boolean) {
  const decode = compileRowDecoder(columns, generate);
  const run = new TextRun();
  let rows: Row[] = [];
  const framer = new Framer({
    message() {},
    dataRow(buffer, start, end) {
      rows.push(decode(buffer, start, end, run));
    },
    copyData: (_buffer, _at, end) => end,
    stretch(_, limit) {
      run.stretch(limit);
    },
  });
  framer.phase = 'ready';
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    chunks.push(Buffer.from(bytes.subarray(at, at + CHUNK)));
  }
  return (): Row[] => {
    rows = [];
    for (const chunk of chunks) framer.feed(chunk, chunk.length);
    if (rows.length !== expected) throw new Error(`${rows.length} rows`);
    return rows;
  };
}

group('rows: from received bytes to rows', () => {
  for (const sample of SAMPLES) {
    const read = rowsReader(sample);
    bench(`${sample.name}: ${sample.rows} rows`, () => keep(read())).gc('inner');
  }
});
