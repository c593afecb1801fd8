import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Figure } from './instance.ts';

export type Driver = 'asyncpg' | 'pg';

/** A running instance of the service. Disposing it stops it. */
export interface Instance extends AsyncDisposable {
  readonly address: string;
  ask(figure: Figure): Promise<number>;
}

const PROGRAM = fileURLToPath(new URL('instance.ts', import.meta.url));

/** Starts the service on one of the drivers in a process of its own. */
export async function startInstance(driver: Driver, dsn: string): Promise<Instance> {
  const child = fork(PROGRAM, [driver, dsn], { execArgv: ['--expose-gc'] });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`the instance on ${driver} ended with the exit code ${code}`);
  });
  gone.catch(() => {});
  const answer = async <T>(): Promise<T> => {
    const [message] = await Promise.race([once(child, 'message'), gone]);
    return message as T;
  };
  return {
    address: await answer<string>(),
    ask(figure) {
      child.send(figure);
      return answer<number>();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.send('stop');
      await ended;
    },
  };
}
