import { configurationError } from './origin.ts';
import { oneOf, type TextParser } from './value-parsers.ts';

/** What is asked to be done by this word, but cannot. Silence would weaken what was asked for. */
function unsupported(reason: string): TextParser<never> {
  return (_text, origin) => {
    throw configurationError(origin, `is not supported: ${reason}`);
  };
}

/** One of a few words, with one more that libpq has and this driver must refuse. */
function oneOfBut<const W extends string>(
  words: readonly W[],
  refused: string,
  reason: string,
): TextParser<W> {
  const parse = oneOf(...words);
  return (text, origin) => {
    if (text === refused) {
      throw configurationError(origin, `"${refused}" is not supported: ${reason}`);
    }
    return parse(text, origin);
  };
}

export const sslCertModeText: TextParser<'disable' | 'allow'> = oneOfBut(
  ['disable', 'allow'],
  'require',
  'Node does not tell whether the server asked for a certificate',
);

export const gssEncModeText: TextParser<'disable' | 'prefer'> = oneOfBut(
  ['disable', 'prefer'],
  'require',
  'there is no GSSAPI encryption',
);

export const noRequirePeer: TextParser<never> = unsupported(
  "Node does not tell the user at a Unix socket's other end",
);
export const noScramKeys: TextParser<never> = unsupported('give the password');
export const noOauth: TextParser<never> = unsupported('give a token with the option oauthToken');
