// Files and whole folders out of what was dropped or pasted.

/** Whether what is dragged or pasted has files in it. */
export const bringsFiles = (/** @type {DataTransfer | null} */ transfer) => Boolean(transfer?.types.includes("Files"));

/**
 * The files in `transfer`, each with the directories above it. It has to be called within the event: what was dropped
 * can be read afterwards, but not asked for any more.
 * @param {DataTransfer} transfer
 * @returns {Promise<{ file: File, path: string }[]>}
 */
export async function gather(transfer) {
  const things = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? entry : item.getAsFile();
  });
  const found = [];
  for (const thing of things) {
    if (thing instanceof File) found.push({ file: thing, path: "" });
    else if (thing) for await (const file of filesBelow(thing, thing.name)) found.push(file);
  }
  return found;
}

async function* filesBelow(directory, /** @type {string} */ path) {
  const reader = directory.createReader();
  for (;;) {
    // A hundred at a time, until there are none.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const entry of entries) {
      if (entry.isDirectory) yield* filesBelow(entry, `${path}/${entry.name}`);
      else yield { file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path };
    }
  }
}
