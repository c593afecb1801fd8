import { call, money } from './api.js';

const SHOWN = 30;
const list = document.querySelector('#orders');
const seen = new Set();
let count = 0;
let cents = 0;

/** Reads the latest orders anew, and shows them. */
export async function loadOrders() {
  const orders = await call(`orders?limit=${SHOWN}`);
  seen.clear();
  for (const { id } of orders) seen.add(id);
  list.replaceChildren(...orders.map(item));
  if (orders.length === 0) {
    const none = document.createElement('li');
    none.className = 'none';
    none.textContent = 'None yet: place one.';
    list.append(none);
  }
}

/** An order that was committed just now. */
export function showOrder(order) {
  count += 1;
  cents += Math.round(Number(order.total) * 100);
  document.querySelector('#figure-orders').textContent = count.toLocaleString('en');
  document.querySelector('#figure-sales').textContent = money(cents / 100);
  // The list may have been read after the commit, and before the event came.
  if (seen.has(order.id)) return;
  seen.add(order.id);
  list.querySelector('.none')?.remove();
  const element = item(order);
  element.classList.add('fresh');
  list.prepend(element);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
}

/** How far the change stream is behind; null: events come by LISTEN, of which nobody knows that. */
export function showLag(bytes) {
  if (bytes === null) return;
  const behind =
    bytes < 1_000
      ? `${bytes} bytes`
      : `${(bytes / 1_000).toLocaleString('en', { maximumFractionDigits: 1 })} kB`;
  document.querySelector('#feed-lag').textContent = `live · change stream ${behind} behind`;
}

function item({ id, userName, total, createdAt, lines }) {
  const element = document.createElement('li');
  element.dataset.order = id;
  const who = document.createElement('b');
  who.textContent = userName;
  const sum = document.createElement('b');
  sum.textContent = money(total);
  const what = document.createElement('span');
  what.className = 'note what';
  const time = new Date(createdAt).toLocaleTimeString([], { hour12: false });
  const goods = lines?.map(({ quantity, product }) => `${quantity} × ${product}`).join(', ');
  what.textContent = [`#${id}`, time, goods].filter(Boolean).join(' · ');
  element.append(who, sum, what);
  return element;
}
