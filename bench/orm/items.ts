/** What an insert of 100 rows inserts. */
export const ITEMS = Array.from({ length: 100 }, (_, i) => ({
  name: `item ${i}`,
  price: '9.90',
  created: new Date(i),
}));
