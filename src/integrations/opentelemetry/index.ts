export { instrument } from './instrument.ts';
export type { InstrumentOptions, SpanKindName, TracedCall } from './options.ts';
