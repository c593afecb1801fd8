import type { Request, RequestHost } from '../request.ts';
import { settle } from '../statements/settle.ts';
import { QueryRequest } from './query-request.ts';
import { ScriptRequest } from './script-request.ts';

const SAVEPOINT = 'asyncpg_rehearsal';

/** Executes a query of a batch ahead of its time, for what it sets. */
export type Rehearse = (query: Rehearsed) => Promise<void>;

interface Rehearsed {
  readonly text: string;
  readonly args: readonly unknown[];
}

/**
 * Has statements prepared in the surroundings that the queries of a batch are going to set: those are
 * executed first, which a rollback then undoes. What was prepared stays.
 */
export async function rehearsal(
  session: RequestHost,
  parent: Request,
  work: (rehearse: Rehearse) => Promise<void>,
): Promise<void> {
  const run = async (request: Request): Promise<void> => {
    parent.inner = request;
    session.submitInner(request);
    try {
      await request.promise;
    } finally {
      parent.inner = null;
    }
  };
  const script = (text: string): Promise<void> => run(new ScriptRequest(text, null));
  const isWithin = session.transactionStatus !== 'I' || session.preamble.isWaiting;
  await script(isWithin ? `SAVEPOINT ${SAVEPOINT}` : 'BEGIN');
  try {
    await work(async ({ text, args }) => {
      await run(new QueryRequest(text, args, { wanted: 'tag', prepare: false }, null));
      await settle(session, parent);
    });
  } finally {
    if (isWithin) {
      await script(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
    } else {
      // A cancel that comes late may strike it; nothing else may find the transaction open.
      while (session.transactionStatus !== 'I' && !session.isEnded) {
        await script('ROLLBACK').catch(() => {});
      }
    }
    await settle(session, parent);
  }
}
