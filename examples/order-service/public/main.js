import { call } from './api.js';
import { loadOrders, showLag, showOrder } from './orders.js';
import { showPool } from './pool-chart.js';
import { applyOrder, loadStock, showState } from './stock.js';
import { offerUpload } from './upload.js';

const badge = document.querySelector('#connection');
let events = null;

function setState(state, text) {
  badge.dataset.state = state;
  badge.textContent = text;
}

async function loadUserCount() {
  const { count } = await call('users/count');
  document.querySelector('#figure-users').textContent = count.toLocaleString('en');
}

/** Orders that were told of while everything is read anew: what is read may be older. */
let held = null;
let again = false;

/** Shows everything as it is now: at first, whenever events may have been missed, and until it can be read. */
async function loadAll() {
  again = true;
  if (held !== null) return;
  held = [];
  while (again) {
    again = false;
    try {
      await Promise.all([loadStock(), loadOrders(), loadUserCount()]);
      if (events.readyState === EventSource.OPEN) setState('live', 'live');
    } catch (error) {
      setState('lost', 'cannot be read, trying again …');
      showState(error.message, true);
      setTimeout(loadAll, 2_000);
    }
  }
  const orders = held;
  held = null;
  orders.forEach(show);
}

function show(order) {
  applyOrder(order);
  showOrder(order);
}

function follow() {
  events = new EventSource('api/order-events');
  // Also after the browser has connected again: what happened in between was missed.
  events.addEventListener('open', loadAll);
  events.addEventListener('error', () => {
    setState('lost', 'connecting again …');
    // A browser tries again by itself, unless the answer was an error of HTTP.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2_000);
  });
  events.addEventListener('resync', loadAll);
  events.addEventListener('pool', ({ data }) => {
    const stats = JSON.parse(data);
    showPool(stats);
    showLag(stats.lag);
  });
  events.addEventListener('order', ({ data }) => {
    const order = JSON.parse(data);
    if (held === null) show(order);
    else held.push(order);
  });
}

offerUpload(loadUserCount);
follow();
