// Names of files as they can be sent. What may stand in a name is a rule of the service; here a name that would be
// refused is made into the nearest one that is not, because nobody can change it in the page.

/** Bytes of UTF-8, as the API counts. */
const MOST = 255;
const encoder = new TextEncoder();

/** A file's name without control characters and slashes, not too long, its ending kept. */
export function fileName(/** @type {string} */ name) {
  return shortened(plain(name) || "file");
}

/** The directories above a file, like `photos/2026`; nothing for none. */
export function directory(/** @type {string} */ path) {
  return path.split("/").filter((name) => name && name !== "." && name !== "..").map(plain).join("/");
}

/**
 * `files` with names that differ within their directory: a second `a.txt` becomes `a (2).txt`.
 * @template {{ name: string, path: string }} F
 * @param {F[]} files
 */
export function apart(files) {
  const taken = new Set();
  return files.map((file) => {
    let name = file.name;
    for (let n = 2; taken.has(`${file.path}/${name}`); n++) name = numbered(file.name, n);
    taken.add(`${file.path}/${name}`);
    return { ...file, name };
  });
}

/** `a.txt` as `a (2).txt`. */
export function numbered(/** @type {string} */ name, /** @type {number} */ n) {
  const [stem, ending] = parts(name);
  return shortened(`${stem} (${n})${ending}`, ` (${n})${ending}`);
}

function plain(/** @type {string} */ name) {
  return name.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f/]/g, "_");
}

function shortened(/** @type {string} */ name, ending = parts(name)[1]) {
  const bytes = (/** @type {string} */ text) => encoder.encode(text).length;
  if (bytes(name) <= MOST) return name;
  const stem = [...name.slice(0, name.length - ending.length)];
  while (bytes(stem.join("") + ending) > MOST) stem.pop();
  return stem.join("") + ending;
}

/** Stem and ending with its dot; an ending is short. */
function parts(/** @type {string} */ name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 && name.length - dot <= 16 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}
