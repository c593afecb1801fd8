import { expect, it, vi } from 'vitest';
import { InterfaceError, PostgresLogMessage, PostgresWarning } from '../../../src/index.ts';
import { describeEach, open } from '../../support/connections.ts';

describeEach('listeners', (version) => {
  it('for log messages get notices and warnings until they are removed', async () => {
    const c = await open(version);
    const seen: PostgresLogMessage[] = [];
    const listener = vi.fn((message: PostgresLogMessage) => void seen.push(message));
    c.addLogListener(listener);
    c.addLogListener(listener);
    await c.execute("DO $$ BEGIN RAISE NOTICE 'one %', 1 USING HINT = 'h', DETAIL = 'd'; END $$");
    await c.execute("DO $$ BEGIN RAISE WARNING 'two'; END $$");
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBeInstanceOf(PostgresLogMessage);
    expect(seen[0]).toMatchObject({ message: 'one 1', severity: 'NOTICE', hint: 'h', detail: 'd' });
    expect(seen[1]).toBeInstanceOf(PostgresWarning);
    expect(listener.mock.calls[0]).toEqual([seen[0], c]);
    c.removeLogListener(listener);
    await c.execute("DO $$ BEGIN RAISE NOTICE 'three'; END $$");
    expect(seen).toHaveLength(2);
  });

  it('for log messages stand a flood, and failing ones harm nothing', async () => {
    const c = await open(version);
    let count = 0;
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    c.addLogListener(() => {
      count += 1;
    });
    const flood = 'DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE NOTICE $n$%$n$, i; END LOOP; END $$';
    await c.execute(flood);
    expect(count).toBe(20_000);
    c.addLogListener(() => {
      throw new Error('mine');
    });
    await c.execute("DO $$ BEGIN RAISE NOTICE 'x'; END $$");
    await expect.poll(() => warnings.length).toBe(1);
    expect(warnings[0]!.message).toContain('mine');
    process.off('warning', onWarning);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('for termination are told once, whichever side ends the connection', async () => {
    const other = await open(version);
    const endings: ((c: Awaited<ReturnType<typeof open>>) => unknown)[] = [
      (c) => c.close(),
      (c) => c.terminate(),
      (c) => other.fetch('SELECT pg_terminate_backend($1)', c.serverPid),
    ];
    for (const end of endings) {
      const c = await open(version);
      const [told, removed] = [vi.fn(), vi.fn()];
      c.addTerminationListener(told);
      c.addTerminationListener(told);
      c.addTerminationListener(removed);
      c.removeTerminationListener(removed);
      await end(c);
      await expect.poll(() => told.mock.calls).toEqual([[c]]);
      await c.close();
      c.terminate();
      expect(told).toHaveBeenCalledTimes(1);
      expect(removed).not.toHaveBeenCalled();
      expect(c.isClosed).toBe(true);
    }
  });

  it('cannot be added to a connection that is closed', async () => {
    const c = await open(version);
    await c.close();
    expect(() => c.addLogListener(() => {})).toThrow(InterfaceError);
    expect(() => c.addTerminationListener(() => {})).toThrow(InterfaceError);
    expect(() => c.addQueryLogger(() => {})).toThrow(InterfaceError);
    await expect(c.addListener('x', () => {})).rejects.toThrow(InterfaceError);
    c.removeLogListener(() => {});
    await c.removeListener('x', () => {});
  });
});
