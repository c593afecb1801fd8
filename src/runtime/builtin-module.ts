import { createRequire } from 'node:module';

/**
 * A module of Node, loaded when it is first asked for. TLS and cryptography make up a fifth of what a
 * short process costs, and many need neither. An import reads every export of the module besides, and
 * those of `node:fs` load its streams: that costs as much as all of `node:net`.
 */
export const builtinModule: typeof process.getBuiltinModule =
  // Node has it since 20.16 and 22.3.
  (process.getBuiltinModule as typeof process.getBuiltinModule | undefined) ??
  // Any path does for modules of Node, and a bundle that is CommonJS has no import.meta.url.
  ((name: string) => createRequire(process.execPath)(name));
