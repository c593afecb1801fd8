import type { Queryable } from '../client/queryable.ts';
import type { Transaction } from '../client/transactions/transaction.ts';
import { InvalidArgumentError } from '../errors/client-errors.ts';
import type { RowForm } from '../values/row-form.ts';

/**
 * Runs a test in a transaction that is rolled back in any case, and resolves to what it returns. Code that
 * takes a `Queryable` takes the transaction; transactions of its own become savepoints. What is only done at
 * COMMIT is not done: deferred constraints are not checked, notifications not sent.
 *
 * @throws InvalidArgumentError for what has no transactions of this package, such as a pool of pg, and without a function
 * @example
 * test('finds a user', () =>
 *   rolledBack(pool, async (tx) => {
 *     await tx.execute("INSERT INTO users VALUES (1, 'Ada')");
 *     expect(await findUser(tx, 1)).toEqual({ name: 'Ada' });
 *   }));
 */
export async function rolledBack<R, F extends RowForm = 'record'>(
  on: Pick<Queryable<F>, 'transaction'>,
  test: (tx: Transaction<F>) => Promise<R>,
): Promise<R> {
  if (typeof on?.transaction !== 'function') {
    throw new InvalidArgumentError(
      'rolledBack takes a pool, a connection or a transaction of this package',
    );
  }
  if (typeof test !== 'function') {
    throw new InvalidArgumentError('rolledBack takes a function, which is given the transaction');
  }
  const done = new Error('rolled back as every test');
  let result: R;
  try {
    await on.transaction(async (tx) => {
      result = await test(tx);
      throw done;
    });
  } catch (error) {
    if (error !== done) throw error;
  }
  return result!;
}
