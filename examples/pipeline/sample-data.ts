import type { NewLine } from './order-repository.ts';
import type { NewUser } from './user-repository.ts';

export interface NewProduct {
  readonly sku: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}

/** Names that a CSV file has to quote or to encode, among ordinary ones. */
const NAMES = ['Ada', 'Grace', 'Zoë', "Conan O'Brien", 'Lovelace, Ada', 'Grace "Amazing" Hopper'];

/** Users one by one, so that any number of them needs no memory. Every tenth is inactive. */
export function* generateUsers(count: number): Generator<NewUser> {
  for (let index = 0; index < count; index += 1) {
    const name = `${NAMES[index % NAMES.length]} ${index}`;
    yield { email: `user${index}@example.com`, name, isActive: index % 10 !== 0 };
  }
}

/** Products of which every tenth is soon sold out. */
export function generateProducts(count: number): NewProduct[] {
  return Array.from({ length: count }, (_, index) => ({
    sku: `SKU-${String(index).padStart(4, '0')}`,
    name: `Product ${index}`,
    // A third of them cost amounts like 10.10, which no float holds exactly.
    price: `${1 + (index % 50)}.${['10', '99', '00'][index % 3]}`,
    stock: index % 10 === 0 ? 20 : 10_000,
  }));
}

/** One to four lines of one to five pieces each. */
export function generateLines(random: () => number, productIds: readonly bigint[]): NewLine[] {
  return Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
    productId: pick(random, productIds),
    quantity: 1 + Math.floor(random() * 5),
  }));
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}

/**
 * Numbers from 0 to below 1 that look random and are the same on each run (a linear congruential
 * generator), so that every run places the same orders.
 */
export function seededRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
