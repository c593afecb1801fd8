import type { TracedMessage } from '../../client/calls/tracing.ts';

/** The message of any of the driver's tracing channels: what each has is in docs/guides/observability.md. */
export interface Message extends TracedMessage {
  readonly query?: string;
  readonly batchSize?: number | undefined;
  readonly host?: string;
  readonly port?: number;
  readonly hosts?: readonly { readonly host: string; readonly port: number }[];
  readonly database?: string;
  readonly isPooled?: boolean;
  /** `readers`, of a pool's pool of standbys. */
  readonly pool?: string;
  /** Milliseconds. */
  readonly usedFor?: number;
  readonly result?: unknown;
  readonly error?: unknown;
}
