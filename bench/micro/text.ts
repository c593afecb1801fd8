import { bench, group, do_not_optimize as keep } from 'mitata';
import { utf8 } from '../../src/codecs/text-decode.ts';
import { TextRun } from '../../src/codecs/text-run.ts';

/** Texts with a length before each, as DataRow has them. */
function texts(length: number, text: string): Buffer {
  const one = Buffer.concat([Buffer.from([0, 0, 0, length]), Buffer.from(text)]);
  return Buffer.concat(new Array<Buffer>(Math.floor((64 * 1024) / one.length)).fill(one));
}

for (const length of [4, 12, 32, 80, 200]) {
  const ascii = texts(length, 'a'.repeat(length));
  const step = length + 4;
  const count = Math.floor(ascii.length / step);
  const run = new TextRun();
  group(`text: ${count} texts of ${length} ASCII characters`, () => {
    bench('TextRun', () => {
      run.stretch(ascii.length);
      for (let at = 4; at < ascii.length; at += step) keep(run.text(ascii, at, length));
    });
    bench('utf8Slice each', () => {
      for (let at = 4; at < ascii.length; at += step) keep(utf8(ascii, at, at + length));
    });
  });
}

const mixed = texts(27, 'Zürich, Genève und Čačak');
const mixedRun = new TextRun();
group('text: texts beyond ASCII', () => {
  bench('TextRun', () => {
    mixedRun.stretch(mixed.length);
    for (let at = 4; at < mixed.length; at += 31) keep(mixedRun.text(mixed, at, 27));
  });
});
