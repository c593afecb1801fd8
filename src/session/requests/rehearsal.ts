import { statementKind } from '../../sql/statement-kind.ts';
import { isInTransaction } from '../preamble.ts';
import type { Request, RequestHost } from '../request.ts';
import { runInner } from '../run-inner.ts';
import { settle } from '../statements/settle.ts';
import { changesBy } from '../statements/surroundings.ts';
import { QueryRequest } from './query-request.ts';
import { ScriptRequest } from './script-request.ts';

const SAVEPOINT = 'asyncpg_rehearsal';

/** Executes a query of a batch ahead of its time, for what it sets. */
export type Rehearse = (query: Rehearsed) => Promise<void>;

interface Rehearsed {
  readonly text: string;
  readonly args: readonly unknown[];
}

const NAME = '("(?:[^"]|"")+"|[\\w$\\u0080-\\uffff]+)\\s*;?\\s*$';
const SAVEPOINT_OF = new RegExp(`^\\s*savepoint\\s+${NAME}`, 'i');
const RETURN_OF = new RegExp(
  `^\\s*rollback\\s+(?:(?:work|transaction)\\s+)?to\\s+(?:savepoint\\s+)?${NAME}`,
  'i',
);

/** The savepoint that a text sets or returns to, as the server knows it. */
function savepointOf(pattern: RegExp, text: string): string | null {
  const name = pattern.exec(text)?.[1];
  if (name === undefined) return null;
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/**
 * Which queries are rehearsed, by their places: those that set what the meaning of others depends on, and do nothing
 * else. A return to a savepoint is one if that is set by a query before it, which is rehearsed as well; an older
 * savepoint cannot be returned to ahead of time, as nothing of that could be undone.
 */
export function rehearsedAmong(queries: readonly Rehearsed[]): number[] {
  const names = queries.map(({ text }) => savepointOf(SAVEPOINT_OF, text));
  const returns = queries.map(({ text }) => savepointOf(RETURN_OF, text));
  const isOwn = (name: string | null, before: number): boolean =>
    name !== null && names.slice(0, before).includes(name);
  return queries.flatMap(({ text, args }, index) => {
    const name = names[index]!;
    if (name !== null) return returns.includes(name, index) ? [index] : [];
    const kind = statementKind(text);
    if (!kind.changesSurroundings || kind.endsTransaction || kind.changesSchema) return [];
    const doesReturn = changesBy({ text, args }).some(({ does }) => does === 'roll back to');
    return doesReturn && !isOwn(returns[index]!, index) ? [] : [index];
  });
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
  const script = (text: string): Promise<string> =>
    runInner(session, parent, new ScriptRequest(text, null));
  const isWithin = isInTransaction(session);
  await script(isWithin ? `SAVEPOINT ${SAVEPOINT}` : 'BEGIN');
  try {
    await work(async ({ text, args }) => {
      const options = { wanted: 'tag', prepare: false } as const;
      await runInner(session, parent, new QueryRequest(text, args, options, null));
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
