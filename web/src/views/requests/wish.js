// The terms of a request between form and API. What they may be is the service's to decide.

/** @type {Record<string, string[]>} media types, by the names that the texts have words for */
export const TYPES = {
  all: [],
  images: ["image/*"],
  documents: ["application/pdf"],
  media: ["image/*", "video/*", "audio/*"],
};
const MEGABYTE = 1_000_000;
const WHOLE = /^[1-9]\d{0,8}$/;

/** @param {Record<string, any>} values of the form's fields */
export function bodyOf({ note, lifetime, maxFiles, maxFileSize, types }) {
  return {
    expires_in: lifetime,
    ...(note.trim() && { note: note.trim() }),
    ...(maxFiles.trim() && { max_files: Number(maxFiles) }),
    ...(maxFileSize.trim() && { max_file_bytes: Number(maxFileSize) * MEGABYTE }),
    ...(TYPES[types].length > 0 && { types: TYPES[types] }),
  };
}

/** The names of fields that are no numbers, each with the name of the text that says so. */
export function faultsOf(/** @type {Record<string, any>} */ values) {
  const wrong = ["maxFiles", "maxFileSize"].filter((name) => values[name].trim() && !WHOLE.test(values[name].trim()));
  return Object.fromEntries(wrong.map((name) => [name, "notWhole"]));
}
