import { quoteLiteral } from '../../sql/quote.ts';
import { failure } from './answers.ts';

/** What of a StartupMessage is no setting, or is as it is. */
const OTHERS = new Set(['user', 'database', 'client_encoding', 'replication', 'options']);
const OPTION = /(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)/g;

/** The settings that a client has asked for as it connected. */
export class StartSettings {
  /** Tells those of different clients apart; empty: none. */
  readonly name: string;
  /** What sets them. */
  readonly statement: string | null;
  /** Why there can be no such session. */
  readonly refusal: Buffer | null;

  constructor(parameters: ReadonlyMap<string, string>) {
    const settings = new Map<string, string>();
    for (const [, name, value] of (parameters.get('options') ?? '').matchAll(OPTION)) {
      settings.set(name!.replaceAll('-', '_'), value!.replace(/\\(.)/g, '$1'));
    }
    for (const [name, value] of parameters) {
      if (!OTHERS.has(name) && !name.startsWith('_pq_.')) settings.set(name, value);
    }
    const calls = [...settings].map(
      ([name, value]) =>
        `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
    );
    this.statement = calls.length === 0 ? null : `SELECT ${calls.join(', ')}`;
    this.name = this.statement ?? '';
    const replication = parameters.get('replication') ?? 'off';
    this.refusal = /^(?:off|false|no|0)$/i.test(replication)
      ? null
      : failure('FATAL', '0A000', 'PGlite has no replication');
  }
}
