// The calls of the API about one upload.
import { SendError, ofApi } from "./failure.js";
import { numbered } from "./names.js";
import { patiently } from "./patience.js";

/** A grant lives for the longest that the service gives, seconds: slow lines take their time, and crashes too. */
const LIFE = 86_400;
/** Names that are tried in a folder where the first is taken. */
const NAMES = 5;
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,60}\/[A-Za-z0-9!#$&^_.+-]{1,60}$/;

/** One question. Without a signal: what has been asked for is answered, so that nothing is granted and not known. */
async function ask(ctx, /** @type {string} */ path, /** @type {object} */ body, options = {}) {
  try {
    return await ctx.call("POST", `/api/v1/uploads${path}`, body, options);
  } catch (error) {
    throw ofApi(error);
  }
}

/**
 * Asks for a new upload. `keep` gets its record before anything else can happen.
 * @param {any} ctx @param {any} item @param {string | null} folder
 * @param {(record: import("./store.js").UploadRecord) => Promise<void>} keep
 */
export async function grant(ctx, item, folder, keep) {
  const sender = ctx.sender();
  for (let n = 1; ; n++) {
    const body = {
      name: n === 1 ? item.name : numbered(item.name, n),
      size: item.size,
      crc64nvme: item.crc,
      expires_in: LIFE,
      ...(MEDIA_TYPE.test(item.type) && { type: item.type }),
      ...(item.path && { directory: item.path }),
      ...(folder && { folder }),
      ...(sender && { sender }),
    };
    const idempotencyKey = crypto.randomUUID();
    try {
      return await patiently(async () => {
        const granted = await ask(ctx, "", body, { idempotencyKey });
        await keep(recordOf(ctx, item, body, idempotencyKey, granted));
        return granted;
      }, ctx);
    } catch (error) {
      const taken = folder && error instanceof SendError && error.api === "conflict" && n < NAMES;
      if (!taken) throw error;
    }
  }
}

/** The same grant again, with a fresh URL: the call is the same one. Asked once, by who tries again anyway. */
export function again(ctx, record) {
  return ask(ctx, "", record.body, { idempotencyKey: record.idempotencyKey });
}

/** Which parts have arrived: those of their planned size. */
export async function arrived(ctx, record) {
  const { parts } = await patiently(() => ask(ctx, "/list", { upload: record.upload }), ctx);
  const last = record.size - record.partSize * (record.partCount - 1);
  const whole = parts.filter(({ number, size }) => size === (number < record.partCount ? record.partSize : last));
  return new Set(whole.map(({ number }) => number));
}

/** Fresh URLs. Asked once, as above. */
export function partUrls(ctx, record, /** @type {number[]} */ numbers) {
  return ask(ctx, "/parts", { upload: record.upload, upload_id: record.uploadId, numbers });
}

export function complete(ctx, record) {
  return patiently(() => ask(ctx, "/complete", { upload: record.upload }), ctx);
}

/** Throws away what has arrived. If that cannot be done, the service does it when the grant has ended. */
export async function abort(ctx, record) {
  try {
    await ctx.call("POST", "/api/v1/uploads/abort", { upload: record.upload });
  } catch {
    // Nothing depends on it.
  }
}

function recordOf(ctx, item, body, idempotencyKey, granted) {
  const many = granted.kind === "multipart";
  return {
    id: crypto.randomUUID(),
    scope: ctx.scope,
    name: item.name,
    path: item.path,
    size: item.size,
    crc: item.crc,
    idempotencyKey,
    body,
    upload: granted.upload,
    kind: granted.kind,
    uploadId: granted.upload_id,
    partSize: many ? granted.part_size : item.size,
    partCount: many ? granted.part_count : 1,
    file: { id: granted.file, key: granted.key },
    folder: granted.folder,
    // By this machine's clock, which may be wrong, and a little early.
    expiresAt: Date.now() + (LIFE - 60) * 1_000,
    sent: 0,
  };
}
