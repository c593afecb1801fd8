/** Whole sessions whose server's messages were tampered with. */
import { ok } from 'node:assert';
import fc from 'fast-check';
import { conversationStream, converse, type Line, script } from '../hostile/conversation.ts';
import { asyncTarget, mutated, type Target } from './target.ts';

/** What the driver's own errors have, and those of the language have not. */
function isOwn(error: unknown): boolean {
  return error instanceof Error && 'safeToRetry' in error && 'isTransient' in error;
}

/** Other bytes in place of one of the server's messages. */
interface Tampering {
  readonly line: Line;
  readonly bytes: Buffer;
}

export async function conversationTargets(): Promise<readonly Target[]> {
  const lines = await script();
  const tampering: fc.Arbitrary<Tampering> = fc
    .constantFrom(...lines)
    .chain((line) => mutated(fc.constant(line.message)).map((bytes) => ({ line, bytes })));
  return [
    asyncTarget(
      'sessions',
      fc.array(tampering, { minLength: 1, maxLength: 2 }),
      async (changes) => {
        const changed = new Map(changes.map(({ line, bytes }) => [line.index, bytes]));
        const first = Math.min(...changed.keys());
        const stream = conversationStream({
          tamper: (message, index) => {
            if (index < first) return null;
            // The server leaves then: a client may be waiting for more than it ever sends.
            return { chunks: [changed.get(index) ?? message], end: 'after flight' };
          },
        });
        const { outcomes, connection } = await converse(stream);
        for (const [step, outcome] of outcomes) {
          if ('error' in outcome) ok(isOwn(outcome.error), `${step}: ${String(outcome.error)}`);
        }
        ok(stream.destroyed, 'the connection was left open');
        ok(connection === null || connection.isClosed);
      },
    ),
  ];
}
