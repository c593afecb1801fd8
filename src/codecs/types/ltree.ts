import { versionedText } from './versioned-text.ts';

/** The types of the ltree extension, each as its text. */
export const ltree = versionedText('ltree');
export const lquery = versionedText('lquery');
export const ltxtquery = versionedText('ltxtquery');
