import { bench, group, do_not_optimize as keep } from 'mitata';
import { scanQuery } from '../../src/sql/placeholders.ts';
import { statementKind } from '../../src/sql/statement-kind.ts';

const QUERY = `/* app:web */ SELECT u.id, u.name, u.email, o.total FROM users u
  JOIN orders o ON o.user_id = u.id WHERE u.is_active AND o.created_at > $1
  AND o.status IN ('new', 'paid', 'sent') ORDER BY o.created_at DESC LIMIT $2 OFFSET $3`;

const LONG = `INSERT INTO t VALUES ${"(1, 'name', 1.5), ".repeat(50_000)} (1, 'name', 1.5)`;

let round = 0;

group('sql: what a text is', () => {
  bench('a text that is known', () => keep(statementKind(QUERY)));
  bench('a text of 240 characters for the first time', () => {
    round += 1;
    keep(statementKind(`${QUERY} -- ${round}`));
  });
  bench('a text of 0.9 MB', () => keep(statementKind(LONG)));
  bench('placeholders in 240 characters', () => keep(scanQuery(QUERY, false)));
});
