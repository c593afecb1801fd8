import type { Deadline } from '../../transport/deadline.ts';
import { newStatementName, prepareStatement } from '../preparation.ts';
import { PromisedRequest } from '../request.ts';
import type { Session } from '../session.ts';
import type { Statement } from '../statement.ts';

/** Prepares a statement that its caller keeps. It holds the line until its types are known. */
class PrepareStatementRequest extends PromisedRequest<Statement> {
  readonly #text: string;
  readonly #name: string;

  constructor(text: string, name: string, deadline: Deadline | null) {
    super(deadline);
    this.#text = text;
    this.#name = name;
  }

  override start(session: Session): void {
    this.state = 'preparing';
    session.hold(this);
    prepareStatement(session, this, this.#text, this.#name).then(
      (statement) => {
        // Nobody has asked for it any more: the server need not keep it.
        if (this.abandoned) session.closeStatement(statement.name);
        this.resolve(statement);
        session.release(this);
      },
      (error: unknown) => {
        if (error !== null && typeof error === 'object' && 'query' in error) {
          error.query = this.#text;
        }
        this.fail(error);
        session.release(this);
      },
    );
  }

  override message(session: Session): void {
    session.unexpected('message');
  }

  override ready(session: Session): void {
    session.unexpected('ReadyForQuery');
  }
}

/** A request that prepares `text`, under a name of its own unless one is given. */
export function prepareRequest(
  text: string,
  name: string | undefined,
  session: Session,
  deadline: Deadline | null,
): PromisedRequest<Statement> {
  // Without a statement cache there is a pooler in between, where names are of no use.
  const unnamed = name === undefined && !session.statements.accepts('');
  return new PrepareStatementRequest(text, unnamed ? '' : (name ?? newStatementName()), deadline);
}
