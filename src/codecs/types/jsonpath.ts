import { versionedText } from './versioned-text.ts';

/** jsonpath as its text. */
export const jsonpath = versionedText('jsonpath');
