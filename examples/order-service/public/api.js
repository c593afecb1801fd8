/** Asks the service; what it refuses is an Error with its own words. */
export async function call(path, { method = 'GET', body } = {}) {
  const response = await fetch(`api/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? `The service answered ${response.status}.`);
  return answer;
}

const AMOUNT = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

/** An amount as people read it. The service has it as text, and exact. */
export function money(amount) {
  return AMOUNT.format(amount);
}
