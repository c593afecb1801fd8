/**
 * What must hold after every test file, whatever it tests: no connection is left open, no timer runs
 * on, and the process was not warned of listeners that pile up. Unhandled rejections and uncaught
 * exceptions fail a run anyway, and global-setup.ts looks for backends that are left on the servers.
 */
import { afterAll } from 'vitest';
import { activeTimers, openConnections, over } from './leftovers.ts';

/** How long a connection that is closing may take, in milliseconds. */
const PATIENCE = 5_000;

const connectionsBefore = openConnections().length;
const timersBefore = activeTimers();
const warnings: Error[] = [];

process.on('warning', (warning) => {
  if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
});

afterAll(async () => {
  if (!(await over(() => openConnections().length <= connectionsBefore, PATIENCE))) {
    throw new Error(`left open: ${openConnections().join(', ')}`);
  }
  // The runner's own timer, of this hook, is one more.
  if (!(await over(() => activeTimers() <= timersBefore + 1, PATIENCE))) {
    throw new Error(`${activeTimers() - timersBefore - 1} timers were left running`);
  }
  if (warnings.length > 0) throw new AggregateError(warnings, 'listeners piled up');
});
