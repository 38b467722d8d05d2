// Whose unfinished uploads a page may see: those of its account, or of its upload link.

/**
 * @param {{ owner?: string, uploadLink?: string }} options an upload link by its token
 * @returns {Promise<string>} names it and gives nothing away: the token is a secret, and this is kept
 */
export async function scopeOf({ owner, uploadLink }) {
  if (!uploadLink) return `owner:${owner ?? ""}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(uploadLink));
  return `link:${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
