/** A view of a longer buffer is not kept, as that would keep the buffer. */
const KEPT_VIEW = 256 * 1024;

let viewed: Uint8Array | null = null;
let view: DataView = new DataView(new ArrayBuffer(0));

/**
 * A view of the whole buffer: its reads and writes of numbers beat those byte by byte, its
 * creation does not. So the last one is kept, which nearly always is that of the one receive
 * buffer of all connections.
 */
export function viewOf(buffer: Uint8Array): DataView {
  return buffer === viewed ? view : newView(buffer);
}

function newView(buffer: Uint8Array): DataView {
  const made = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  if (buffer.length <= KEPT_VIEW) {
    viewed = buffer;
    view = made;
  }
  return made;
}
