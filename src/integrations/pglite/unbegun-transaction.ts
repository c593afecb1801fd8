import { writeCommandComplete } from '../../protocol/backend/result.ts';
import { writeReadyForQuery } from '../../protocol/backend/session.ts';
import { type StatementText, statementsOf } from '../../sql/pieces.ts';
import { scriptEffects } from '../../sql/script-effects.ts';
import { answer, CANCELLED, failure } from './answers.ts';
import type { Flight } from './flight.ts';

const FAILED = answer((writer) => writeReadyForQuery(writer, 'E'));
const REFUSED = failure(
  'ERROR',
  '25P02',
  'current transaction is aborted, commands ignored until end of transaction block',
);
const ROLLED_BACK = answer((writer) => {
  writeCommandComplete(writer, 'ROLLBACK');
  writeReadyForQuery(writer, 'I');
});

/**
 * A transaction that was cancelled while it waited for its turn. On a server it would have begun and failed:
 * so all that comes is refused, up to its end, and nothing of it is carried out. None of that needs a turn.
 */
export class UnbegunTransaction {
  /** Nothing is answered up to the next Sync. */
  #isSkipping = false;
  isOver = false;

  /** What the flight that was cancelled is answered. */
  cancelled(flight: Flight): Buffer {
    return this.#failed(flight, CANCELLED);
  }

  /** What a flight behind it is answered; null: the backend is to answer it, as the transaction ends in it. */
  answerTo(flight: Flight): Buffer | null {
    if (this.#isSkipping) {
      if (flight.end !== 'Sync') return NOTHING;
      this.#isSkipping = false;
      return FAILED;
    }
    if (flight.end === 'Sync' && flight.texts.length === 0) return FAILED;
    const steps = flight.texts.flatMap(stepsOf);
    this.isOver = steps[0] === 'ends';
    if (!this.isOver) return this.#failed(flight, REFUSED);
    return steps.length === 1 && flight.end === 'Query' ? ROLLED_BACK : null;
  }

  #failed(flight: Flight, error: Buffer): Buffer {
    if (flight.end === 'Flush') {
      this.#isSkipping = true;
      return error;
    }
    return Buffer.concat([error, FAILED]);
  }
}

const NOTHING = Buffer.alloc(0);

type Step = 'begins' | 'ends' | 'goes on';

/** What a statement does with transactions, by its words. */
function stepOf({ pieces, source }: StatementText): Step {
  if (scriptEffects(source, false).endsTransaction) return 'ends';
  const [first, second] = pieces.map(({ is, value }) => (is === 'word' ? value : ''));
  const begins = first === 'begin' || (first === 'start' && second === 'transaction');
  return begins ? 'begins' : 'goes on';
}

function stepsOf(text: string): Step[] {
  return [...statementsOf(text, false)].filter(({ pieces }) => pieces.length > 0).map(stepOf);
}

/** Whether these texts begin a transaction that has something in it, or behind them, and is not ended by them. */
export function areInBegun(texts: readonly string[], areFollowed: boolean): boolean {
  const steps = texts.flatMap(stepsOf);
  const begin = steps.lastIndexOf('begins');
  if (begin < 0 || steps.includes('ends')) return false;
  return areFollowed || begin < steps.length - 1;
}
