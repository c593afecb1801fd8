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
