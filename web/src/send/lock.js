// One tab at a time sends an upload. The browser lets a lock go when its tab closes or crashes.

const PREFIX = "clouddrop-upload-";

/**
 * Holds the upload for this tab.
 * @param {string} id
 * @returns {Promise<(() => void) | null>} lets it go; null if another tab holds it
 */
export function hold(id) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((answer, reject) => {
    const held = navigator.locks.request(PREFIX + id, { ifAvailable: true }, (lock) => {
      if (!lock) return answer(null);
      return new Promise((release) => answer(() => release(undefined)));
    });
    held.catch(reject);
  });
}

/** The ids of uploads that any tab holds. @returns {Promise<Set<string>>} */
export async function heldIds() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.map(({ name }) => name ?? "").filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)));
}
