import type { TypeDescription } from '../../codecs/registry.ts';
import { introspect } from '../introspection.ts';
import { learnTypes } from '../preparation.ts';
import { PromisedRequest } from '../request.ts';
import type { Session } from '../session.ts';

/** Asks the server for a type, and for all that it is made of, afresh. */
export class LearnTypesRequest extends PromisedRequest<TypeDescription[]> {
  readonly #oids: readonly number[];

  constructor(oids: readonly number[]) {
    super(null);
    this.#oids = oids;
  }

  override start(session: Session): void {
    this.state = 'preparing';
    session.hold(this);
    this.#learn(session).then(
      (types) => {
        this.resolve(types);
        session.release(this);
      },
      (error: unknown) => {
        this.fail(error);
        session.release(this);
      },
    );
  }

  async #learn(session: Session): Promise<TypeDescription[]> {
    const types = await introspect(session, this, this.#oids);
    session.registry.define(types);
    await learnTypes(session, this, this.#oids);
    return types;
  }

  override message(session: Session): void {
    session.unexpected('message');
  }

  override ready(session: Session): void {
    session.unexpected('ReadyForQuery');
  }
}
