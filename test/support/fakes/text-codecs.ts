import type { Codec } from '../../../src/codecs/codec.ts';
import { TEXT } from '../../../src/codecs/codec.ts';
import type { CodecSource } from '../../../src/codecs/codec-source.ts';

/**
 * A source of codecs that knows nothing but OIDs: every argument is sent as its `String()`, every
 * value of a result is the server's text.
 */
export class TextCodecs implements CodecSource {
  readonly epoch = 0;
  readonly confirmedEpoch = 0;
  readonly changes = 0;
  readonly typeChanges = 0;
  schemaVersion = 0;
  readonly #codecs = new Map<number, Codec>();

  codec(oid: number): Codec {
    let codec = this.#codecs.get(oid);
    if (codec === undefined) {
      codec = textCodec(oid);
      this.#codecs.set(oid, codec);
    }
    return codec;
  }

  missing(): readonly number[] {
    return [];
  }

  define(): void {
    throw new Error('nothing was missing');
  }

  want(): void {
    throw new Error('nothing was missing');
  }

  setIntervalStyle(): void {}

  doubt(): void {}

  doubtElsewhere(): void {}

  catchUp(): void {}

  composites(): readonly number[] {
    return [];
  }

  schemaChanged(): void {
    this.schemaVersion += 1;
  }

  forget(): void {
    this.schemaVersion += 1;
  }

  fork(): TextCodecs {
    return this;
  }
}

function textCodec(oid: number): Codec {
  return {
    type: { oid, name: `type ${oid}`, kind: 'scalar', schema: '' },
    text: { decode: (text) => text, encode: String },
    binary: null,
    resultFormat: TEXT,
    argumentFormat: TEXT,
    inline: 'text',
  };
}
