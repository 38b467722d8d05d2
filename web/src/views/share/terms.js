// The terms of a share between form and API. What they may be is the service's to decide; here is only what it is told.

/**
 * @typedef {object} Terms as the form has them: texts, and what is ticked
 * @property {string} lifetime a span, or nothing: as it is @property {string} maxDownloads @property {string} password
 * @property {boolean} removePassword @property {string} fileName @property {string} networks @property {string} countries
 * @property {boolean} inline @property {string} note
 */

/** What a form of a share that is there begins with. @returns {Terms} */
export function termsOf(share) {
  return {
    lifetime: "",
    maxDownloads: share.max_downloads?.toString() ?? "",
    password: "",
    removePassword: false,
    fileName: share.file_name ?? "",
    networks: (share.networks ?? []).join("\n"),
    countries: (share.countries ?? []).join(", "),
    inline: share.inline ?? false,
    note: share.note ?? "",
  };
}

/** @type {Terms} of a new share */
export const FRESH = {
  lifetime: "7d", maxDownloads: "", password: "", removePassword: false, fileName: "", networks: "", countries: "", inline: false, note: "",
};

/** The body of the call that makes a share. @param {Terms} terms @param {object} what `{ key }` or `{ folder }` */
export function bodyOf(terms, what) {
  const values = valuesOf(terms);
  return { ...what, expires_in: terms.lifetime, ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) };
}

/** What differs, for the call that changes a share: `null` takes away. @param {Terms} terms */
export function changeOf(terms, share) {
  const before = valuesOf(termsOf(share));
  /** @type {Record<string, unknown>} */
  const change = {};
  for (const [name, value] of Object.entries(valuesOf(terms))) {
    if (name !== "password" && JSON.stringify(value) !== JSON.stringify(before[name])) change[name] = value;
  }
  if (terms.removePassword) change.password = null;
  else if (terms.password) change.password = terms.password;
  if (terms.lifetime) change.expires_in = terms.lifetime;
  return change;
}

/** The names of fields that cannot be told to the service at all, each with the text that says why. @param {Terms} terms */
export function faultsOf(terms) {
  return terms.maxDownloads.trim() && !/^[1-9]\d{0,14}$/.test(terms.maxDownloads.trim()) ? { maxDownloads: "notWhole" } : {};
}

function valuesOf(/** @type {Terms} */ terms) {
  return {
    max_downloads: terms.maxDownloads.trim() ? Number(terms.maxDownloads) : null,
    password: terms.password || null,
    file_name: terms.fileName.trim() || null,
    networks: listOf(terms.networks),
    countries: listOf(terms.countries.toUpperCase()),
    inline: terms.inline || null,
    note: terms.note.trim() || null,
  };
}

/** What stands between spaces, commas and line ends; `null` for nothing. */
function listOf(/** @type {string} */ text) {
  const found = text.split(/[\s,;]+/).filter(Boolean);
  return found.length ? found : null;
}
