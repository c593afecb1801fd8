import { expect, it } from 'vitest';
import type { Server } from '../../../src/session/server.ts';
import { Surroundings } from '../../../src/session/statements/surroundings.ts';

it('many definitions in one transaction, and their end, take time in proportion', () => {
  const server = { settings: new Map(), hasChanged: false, onReport: null } as unknown as Server;
  let passes = 0;
  const surroundings = new Surroundings(
    server,
    () => false,
    () => {
      passes += 1;
    },
  );
  const request = { error: null };
  for (let i = 0; i < 400; i++) {
    surroundings.sent(request, [{ text: `ALTER TABLE t ADD a${i} int4` }]);
    surroundings.answered(request, 'T', 'T');
  }
  expect(passes).toBe(400);
  surroundings.sent(request, [{ text: 'ROLLBACK' }]);
  surroundings.answered(request, 'T', 'I');
  expect(passes).toBe(401);
});
