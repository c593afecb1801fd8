import { InterfaceError } from '../../errors/client-errors.ts';

/** A savepoint, as far as the driver knows what the server has. */
export interface Point {
  readonly name: string;
  state: 'set' | 'released' | 'destroyed';
  /** How often it was returned to. */
  returns: number;
}

/**
 * The savepoints that were set in one transaction by its methods, oldest first. Releasing one, or
 * returning to it, destroys those that were set after it: to name one of them would fail the
 * whole transaction.
 */
export class SavepointStack {
  #points: Point[] = [];

  /** Those that are set. */
  get points(): readonly Point[] {
    return this.#points;
  }

  /** SAVEPOINT is about to be sent. */
  set(name: string): Point {
    const point: Point = { name, state: 'set', returns: 0 };
    this.#points.push(point);
    return point;
  }

  /** Throws InterfaceError for one that the server does not know any more, or by another's name. */
  check(point: Point): void {
    const { name, state } = point;
    if (state === 'set' && !this.#isHidden(point)) return;
    const reason =
      state === 'set'
        ? 'is hidden by a newer one of that name'
        : state === 'released'
          ? 'has been released'
          : 'is gone: one that was set before it was released or returned to';
    throw new InterfaceError(`the savepoint ${name} ${reason}`, { safeToRetry: true });
  }

  #isHidden(point: Point): boolean {
    return this.#points.findLast(({ name }) => name === point.name) !== point;
  }

  /** RELEASE is about to be sent. The result takes that back, if the server refuses it or has not got it. */
  release(point: Point): () => void {
    return this.#cut(point, 0, 'released');
  }

  /** The same for ROLLBACK TO, which keeps the savepoint itself. */
  rollBack(point: Point): () => void {
    point.returns += 1;
    const takeBack = this.#cut(point, 1, 'set');
    return () => {
      point.returns -= 1;
      takeBack();
    };
  }

  /** SAVEPOINT was refused: nobody has got it. */
  forget(point: Point): void {
    this.#points = this.#points.filter((other) => other !== point);
  }

  #cut(point: Point, kept: number, state: Point['state']): () => void {
    const before = this.#points;
    const at = before.indexOf(point) + kept;
    const gone = before.slice(at);
    this.#points = before.slice(0, at);
    for (const other of gone) other.state = 'destroyed';
    point.state = state;
    return () => {
      // Where one of those ahead is to go as well, they go with it.
      if (this.#points[at - 1] !== before[at - 1]) return;
      this.#points.splice(at, 0, ...gone);
      for (const other of gone) other.state = 'set';
      point.state = 'set';
    };
  }
}
