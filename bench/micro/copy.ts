import { bench, group, do_not_optimize as keep } from 'mitata';
import { writeCopyData } from '../../src/protocol/copy.ts';
import { CopyBlock } from '../../src/protocol/copy-block.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

const ROWS = 500;

/** CopyData of `size` bytes each, as the server sends rows. */
function messages(size: number): Buffer {
  const writer = new MessageWriter();
  const row = Buffer.alloc(size, 'x');
  for (let i = 0; i < ROWS; i++) writeCopyData(writer, row);
  return Buffer.from(writer.written);
}

group(`copy: the bodies of ${ROWS} CopyData into a block`, () => {
  for (const size of [16, 70, 250, 400]) {
    const received = messages(size);
    const block = new CopyBlock(received.length);
    bench(`${size} bytes each`, () => {
      block.used = 0;
      keep(block.appendRun(received, 0, received.length));
    });
  }
});
