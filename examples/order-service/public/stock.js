import { call, money } from './api.js';
import { attempt, toast } from './toast.js';

const rows = new Map();
const template = document.querySelector('#product-row');
const list = document.querySelector('#products');
const user = document.querySelector('#user');
const state = document.querySelector('#stock-state');

/** Reads users and stock anew, and shows them. */
export async function loadStock() {
  const [products, users] = await Promise.all([call('products'), call('users?limit=20')]);
  for (const product of products) (rows.get(product.id) ?? addRow(product)).setStock(product.stock);
  showTotal();
  showState(products.length === 0 ? 'Nothing is on sale.' : '');

  const chosen = user.value;
  user.replaceChildren(...users.map(({ id, name }) => new Option(name, id)));
  if (chosen !== '') user.value = chosen;
  user.disabled = users.length === 0;
  for (const row of rows.values()) row.showButton();
}

/** What is to be read in place of the stock: why it cannot be shown. */
export function showState(text, isBad = false) {
  state.hidden = text === '';
  state.textContent = text;
  state.classList.toggle('bad', isBad);
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
  element.querySelector('.price').textContent = money(price);
  Object.assign(meter, { max: capacity, low: capacity * 0.15, high: capacity * 0.4 });
  meter.optimum = capacity;
  meter.setAttribute('aria-label', `${name} in stock`);
  quantity.setAttribute('aria-label', `How many: ${name}`);
  const order = form.querySelector('[type=submit]');
  order.setAttribute('aria-label', `Order ${name}`);
  form.querySelector('.restock .hidden').textContent = `Restock ${name}`;

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const line = { productId: id, quantity: quantity.valueAsNumber };
    await attempt(async () => {
      const body = { userId: Number(user.value), lines: [line] };
      const placed = await call('orders', { method: 'POST', body });
      toast(`Order ${placed.id} placed: ${money(placed.total)}`);
    }, name);
  });
  form.querySelector('.restock').addEventListener('click', () =>
    attempt(async () => {
      const { stock } = await call(`products/${id}/restock`, { method: 'POST' });
      row.setStock(stock);
      showTotal();
    }, name),
  );

  const row = {
    stock: 0,
    setStock(stock) {
      row.stock = stock;
      meter.value = stock;
      element.querySelector('.count').textContent = stock;
      element.classList.toggle('empty', stock === 0);
      row.showButton();
    },
    /** Nobody can order what is not there, and nobody who is not there can order. */
    showButton() {
      order.disabled = row.stock === 0 || user.disabled;
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
