import { builtinModule } from './builtin-module.ts';

/** The function, to be called in the context of AsyncLocalStorage that the running code has, whoever calls it. */
export function inContext<F extends (...args: never[]) => unknown>(callback: F): F {
  return builtinModule('node:async_hooks').AsyncLocalStorage.bind(callback);
}
