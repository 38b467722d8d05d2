// Reads a body to its end before a reply begins, so that a body that breaks is a failure like any other, and can be
// kept. Where that takes too long, or too much memory, the body goes on to the client as it comes.

// Up to this size a body is waited for as long as for a first byte; a larger one has this long.
const SMALL_BYTES = 131_072;
const PATIENCE_MILLIS = 1_000;
// A body that goes on to the client and is silent for so long is broken off.
const SILENCE_MILLIS = 20_000;

// Bytes of bodies that are being read here.
let held = 0;

// Resolves to `{ bytes }`, all of them, or `{ rest }`, a stream of all of them; to undefined if a small body is late.
// Rejects if the body breaks or is not of the length that was told. No more than `most` bytes are held by all calls.
export async function collect(answer, length, millis, most) {
  if (held + length > most) return { rest: answer.body };
  held += length;
  try {
    return await (length <= SMALL_BYTES ? whole(answer, length, millis) : soon(answer, length, millis));
  } finally {
    held -= length;
  }
}

async function whole(answer, length, millis) {
  const buffer = await within(answer.arrayBuffer(), millis);
  if (buffer === undefined) return undefined;
  if (buffer.byteLength !== length) throw new Error("not the length that was told");
  return { bytes: new Uint8Array(buffer) };
}

async function soon(answer, length, millis) {
  const reader = answer.body.getReader();
  const bytes = new Uint8Array(length);
  const end = Date.now() + Math.min(millis, PATIENCE_MILLIS);
  for (let at = 0; ; ) {
    const next = reader.read();
    const chunk = await within(next, end - Date.now());
    if (!chunk) return { rest: goOn(bytes.subarray(0, at), next, reader, length) };
    if (chunk.done && at === length) return { bytes };
    if (chunk.done || at + chunk.value.byteLength > length) throw new Error("not the length that was told");
    bytes.set(chunk.value, at);
    at += chunk.value.byteLength;
  }
}

// What was read, what is on its way, and the rest.
function goOn(read, next, reader, length) {
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const copy = async () => {
    await writer.write(read);
    for (let coming = next; ; coming = reader.read()) {
      const chunk = await within(coming, SILENCE_MILLIS);
      if (!chunk) throw new Error("the body has stalled");
      if (chunk.done) return writer.close();
      await writer.write(chunk.value);
    }
  };
  copy().catch((error) => {
    writer.abort(error).catch(() => {});
    reader.cancel(error).catch(() => {});
  });
  return readable;
}

// What a promise gives, or undefined after so long.
export function within(promise, millis) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, millis, undefined);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
