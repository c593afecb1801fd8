import { call } from './api.js';
import { attempt, toast } from './toast.js';

const rows = new Map();
const template = document.querySelector('#product-row');
const list = document.querySelector('#products');
const user = document.querySelector('#user');

/** Reads users and stock anew, and shows them. */
export async function loadStock() {
  const [products, users] = await Promise.all([call('products'), call('users?limit=20')]);
  for (const product of products) (rows.get(product.id) ?? addRow(product)).setStock(product.stock);
  showTotal();

  const chosen = user.value;
  user.replaceChildren(...users.map(({ id, name }) => new Option(name, id)));
  if (chosen !== '') user.value = chosen;
}

/** What an order has left of each product. */
export function applyOrder({ lines }) {
  for (const { productId, stock } of lines) rows.get(productId)?.setStock(stock);
  showTotal();
}

function addRow({ id, name, price, capacity }) {
  const element = template.content.firstElementChild.cloneNode(true);
  const meter = element.querySelector('meter');
  const form = element.querySelector('form');
  const quantity = form.querySelector('input');
  element.querySelector('th').textContent = name;
  element.querySelector('.price').textContent = price;
  Object.assign(meter, { max: capacity, low: capacity * 0.15, high: capacity * 0.4 });
  meter.optimum = capacity;
  meter.setAttribute('aria-label', `${name} in stock`);
  quantity.setAttribute('aria-label', `How many: ${name}`);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const line = { productId: id, quantity: quantity.valueAsNumber };
    await attempt(async () => {
      const body = { userId: Number(user.value), lines: [line] };
      const order = await call('orders', { method: 'POST', body });
      toast(`Order ${order.id} placed: ${order.total}`);
    });
  });
  form.querySelector('.restock').addEventListener('click', () =>
    attempt(async () => {
      const { stock } = await call(`products/${id}/restock`, { method: 'POST' });
      row.setStock(stock);
      showTotal();
    }),
  );

  const row = {
    stock: 0,
    setStock(stock) {
      row.stock = stock;
      meter.value = stock;
      element.querySelector('.count').textContent = stock;
      element.classList.toggle('empty', stock === 0);
    },
  };
  rows.set(id, row);
  list.append(element);
  return row;
}

function showTotal() {
  let total = 0;
  for (const { stock } of rows.values()) total += stock;
  document.querySelector('#figure-stock').textContent = total.toLocaleString('en');
}
