import { malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { TEXT } from '../codec.ts';
import { utf8 } from '../text-decode.ts';
import { checkedString } from './text.ts';

const VERSION = 1;

/** A type that is its text, and in binary the same after a version byte. */
function versionedText(type: string): CodecForms {
  return {
    text: { decode: (text) => text, encode: checkedString },
    binary: {
      decode(buffer, start, end) {
        if (start === end) throw malformed(type, 'it is empty');
        const version = buffer[start]!;
        if (version !== VERSION) throw malformed(type, `version ${version} instead of ${VERSION}`);
        return utf8(buffer, start + 1, end);
      },
      encode(writer, value) {
        const text = checkedString(value);
        writer.uint8(VERSION);
        writer.utf8(text);
      },
    },
    resultFormat: TEXT,
    argumentFormat: TEXT,
    inline: 'text',
  };
}

/** jsonpath as its text. */
export const jsonpath = versionedText('jsonpath');

/** The types of the ltree extension, each as its text. */
export const ltree = versionedText('ltree');
export const lquery = versionedText('lquery');
export const ltxtquery = versionedText('ltxtquery');
