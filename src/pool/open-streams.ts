/** What can be seen of a change stream. Positions are bytes of the log. */
export interface VisibleStream {
  /** The slot that it streams from. */
  readonly slotName: string;
  readonly lag: bigint;
  readonly positions: {
    readonly received: bigint;
    readonly acknowledged: bigint;
    readonly reported: bigint;
    readonly server: bigint;
  };
  readonly stats: { readonly queued: number; readonly unacknowledged: number };
}

const STREAMS = new Set<VisibleStream>();

/** Notes a stream for those who observe all of the process. What it returns strikes it out. */
export function noteStream(stream: VisibleStream): () => void {
  STREAMS.add(stream);
  return () => void STREAMS.delete(stream);
}

/** The streams that have not ended. */
export function openStreams(): Iterable<VisibleStream> {
  return STREAMS;
}
