import * as typesModule from './types/index.ts';

/**
 * The parsers of all clients. An object like any other: what is put in the place of a function is asked
 * from then on, by every client.
 */
export const types = { ...typesModule };
