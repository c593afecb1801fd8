import type { Readable, Writable } from 'node:stream';
import { isError } from '../../values/builtins.ts';

/**
 * Makes a call to which its user has handed a stream. The stream is the call's from the first moment: what it
 * fails with while the call waits for a connection ends the call, once it comes to it, and not the
 * process; and it is destroyed if the call fails without having come to it.
 *
 * @param discard is told of the stream and the error if the call fails
 */
function holding<R>(
  stream: unknown,
  call: () => Promise<R>,
  discard: (stream: object, error: unknown) => void,
): Promise<R> {
  const held = typeof stream === 'object' && stream !== null && !Array.isArray(stream);
  return held ? hold(stream, call, discard) : call();
}

async function hold<R>(
  stream: object,
  call: () => Promise<R>,
  discard: (stream: object, error: unknown) => void,
): Promise<R> {
  const emitter = isNodeStream(stream) ? stream : null;
  emitter?.on('error', ignore);
  try {
    const result = await call();
    emitter?.off('error', ignore);
    return result;
  } catch (error) {
    // The listener stays: a stream tells of its error later.
    discard(stream, error);
    throw error;
  }
}

/** Makes a call that reads from `source`, if that is a stream. */
export function fromSource<R>(source: unknown, call: () => Promise<R>): Promise<R> {
  return holding(source, call, discardSource);
}

/** Makes a call that writes to `output`, if that is a stream. */
export function intoOutput<R>(output: unknown, call: () => Promise<R>): Promise<R> {
  return holding(output, call, discardOutput);
}

function discardSource(source: object, error: unknown): void {
  if (isNodeStream(source)) {
    if (!(source as Partial<Readable>).readableEnded) source.destroy();
  } else if (hasMethod(source, 'getReader')) {
    const stream = source as ReadableStream;
    // A reader of a locked one is somebody else, or has been told already.
    if (!stream.locked) stream.cancel(error).catch(ignore);
  }
}

function discardOutput(output: object, error: unknown): void {
  if (isNodeStream(output)) {
    // What was ended by its user is still on its way.
    if ((output as Partial<Writable>).writableEnded) return;
    output.destroy(isError(error) ? error : new Error('the COPY failed', { cause: error }));
  } else if (hasMethod(output, 'getWriter')) {
    const stream = output as WritableStream;
    if (!stream.locked) stream.abort(error).catch(ignore);
  }
}

function isNodeStream(value: object): value is Readable | Writable {
  return hasMethod(value, 'on') && hasMethod(value, 'off') && hasMethod(value, 'destroy');
}

function hasMethod(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === 'function';
}

function ignore(): void {}
