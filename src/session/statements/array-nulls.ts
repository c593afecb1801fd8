import type { Request, RequestHost } from '../request.ts';
import { settle } from './settle.ts';

/**
 * Has the session's writer know whether the server reads NULL in the texts of arrays as NULL. It does unless the session's
 * setting `array_nulls` is off, which the server does not report: the texts that were executed tell, and else it is
 * asked, once in a session.
 *
 * @returns when it is known; null: it is
 */
export function learnArrayNulls(session: RequestHost, parent: Request): Promise<void> | null {
  const { surroundings } = session.statements;
  const isOn = surroundings.arrayNulls.isOn(session.preamble.changes);
  session.writer.readsArrayNulls = isOn ?? true;
  // In a failed transaction the server would not say, nor take any values.
  return isOn === null && session.transactionStatus !== 'E' ? ask(session, parent) : null;
}

async function ask(session: RequestHost, parent: Request): Promise<void> {
  await settle(session, parent);
  const { askForArrayNulls } = await session.catalog.open();
  await askForArrayNulls(session, parent);
  await learnArrayNulls(session, parent);
}
