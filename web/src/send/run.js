// The way of one file: recognised or granted, sent, finished.
import { SendError } from "./failure.js";
import * as grants from "./grant.js";
import { hold } from "./lock.js";
import { PartUrls } from "./part-urls.js";
import { sendParts, sendWhole } from "./parts.js";
import { forget, ofScope, save } from "./store.js";

/** How often an upload may turn out to be gone, or to lack parts, before it is given up. */
const ROUNDS = 3;
/** How often the record notes how far it is, milliseconds. */
const NOTED = 3_000;

/**
 * Sends a file whose checksum is known, and answers with what it has become. `ctx` is what all calls need: see `queue.js`.
 * @param {any} item @param {any} ctx
 */
export async function send(item, ctx) {
  if (!item.record) await recognise(item, ctx);
  for (let round = 1; ; round++) {
    try {
      return await once(item, ctx);
    } catch (error) {
      if (!(error instanceof SendError) || !item.record) throw error;
      if (error.code === "damaged") {
        // What has arrived is worth nothing.
        item.crc = null;
        await grants.abort(ctx, item.record);
        await leave(item);
      } else if (error.code === "gone") {
        await leave(item);
      }
      if (!["gone", "lacking"].includes(error.code) || round === ROUNDS) throw error;
    }
  }
}

/** Forgets the upload: it has become a file, or never will. */
export async function leave(item) {
  const { record, release } = item;
  item.record = item.release = null;
  if (record) await forget(record.id);
  release?.();
}

/** Takes up an upload of this very file that was begun earlier, by whichever tab. */
async function recognise(item, ctx) {
  const same = (record) => ["name", "path", "size", "crc"].every((fact) => record[fact] === item[fact]);
  const records = (await ofScope(ctx.scope)).filter(same);
  for (const record of records) {
    const release = await hold(record.id);
    if (release) return Object.assign(item, { record, release });
  }
  if (records.length) throw new SendError("other_tab");
}

async function once(item, ctx) {
  const granted = item.record ? null : await begin(item, ctx);
  const { record } = item;
  let view = null;
  try {
    if (record.kind === "multipart") await parts(item, ctx, granted);
    else await whole(item, ctx, granted);
  } catch (error) {
    // The service says so of an upload that has become a file, by a call whose answer was lost, or was thrown away.
    if (!isConflict(error)) throw ended(error);
    view = await grants.complete(ctx, record).catch((failure) => { throw isConflict(failure) ? new SendError("gone") : failure; });
  }
  ctx.enter("finishing");
  view ??= await grants.complete(ctx, record).catch((error) => notComplete(item, ctx, error));
  if (view.size !== item.size || view.crc64nvme !== item.crc) throw new SendError("internal");
  await leave(item);
  return view;
}

async function begin(item, ctx) {
  return item.group.join((folder) => grants.grant(ctx, item, folder, async (record) => {
    item.record = record;
    item.release = await hold(record.id);
    await save(record);
  }));
}

async function parts(item, ctx, granted) {
  const { record, file } = item;
  const arrived = granted ? new Set() : await grants.arrived(ctx, record);
  const urls = new PartUrls(record.partCount, arrived, (numbers) => grants.partUrls(ctx, record, numbers));
  if (granted) urls.learn(granted.parts, granted.expires_at);
  await sendParts({ ...ctx, file, record, arrived, urls, onSent: noting(item, ctx) });
}

async function whole(item, ctx, granted) {
  const { record, file } = item;
  let ready = granted && Date.parse(granted.expires_at) > Date.now() ? granted : null;
  const url = async () => {
    const { url, headers } = ready ?? await grants.again(ctx, record);
    ready = null;
    return { url, headers };
  };
  await sendWhole({ ...ctx, file, url, onSent: noting(item, ctx) });
}

/** Tells how much has gone, and notes it from time to time for who comes back later. */
function noting(item, ctx) {
  let noted = performance.now();
  return (/** @type {number} */ bytes) => {
    ctx.onSent(bytes);
    if (performance.now() - noted < NOTED || !item.record) return;
    noted = performance.now();
    item.record.sent = bytes;
    save(item.record);
  };
}

/** Why an upload did not become a file. */
async function notComplete(item, ctx, error) {
  const { record } = item;
  if (isConflict(error)) throw record.kind === "single" ? new SendError("lacking") : new SendError("gone");
  if (error instanceof SendError && error.status === 412) {
    const arrived = record.kind === "multipart" ? await grants.arrived(ctx, record) : null;
    // All there and still not what was promised: bytes were changed on the way, or in the file.
    throw new SendError(arrived && arrived.size < record.partCount ? "lacking" : "damaged");
  }
  throw ended(error);
}

function isConflict(error) {
  return error instanceof SendError && error.api === "conflict";
}

/** A grant that has run out, or is not known any more, is one that is gone; the next says whether a new one is given. */
function ended(error) {
  const over = error instanceof SendError && ["expired", "gone", "not_found"].includes(error.api);
  return over ? new SendError("gone", { detail: error.detail, status: error.status, api: error.api }) : error;
}
