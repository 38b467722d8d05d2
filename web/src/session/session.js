// Who is signed in. The token is kept for this tab, so that a reload does not sign out, and beyond the tab only where the
// person has asked for it.

const KEPT = "clouddrop.session";

/**
 * @typedef {object} Credential
 * @property {"key" | "oidc"} kind
 * @property {string} token what calls carry
 * @property {number} [expiresAt] milliseconds since 1970, of tokens that say so
 * @property {string} [refresh] what a fresh token is had by
 */

/** @param {{ tab: Storage, device: Storage }} storages */
export function createSession({ tab, device }) {
  const listeners = new Set();
  /** @type {{ credential: Credential | null, isEnded: boolean }} */
  let state = { credential: read(tab) ?? read(device), isEnded: false };

  const become = (/** @type {typeof state} */ next) => {
    state = next;
    for (const listener of listeners) listener(state);
  };
  const forget = () => {
    tab.removeItem(KEPT);
    device.removeItem(KEPT);
  };

  return {
    state: () => state,

    /** For the API client. */
    token: () => state.credential?.token ?? null,

    /** @param {Credential} credential @param {{ stay?: boolean }} [options] `stay`: also after this tab is closed */
    signIn(credential, { stay = false } = {}) {
      forget();
      (stay ? device : tab).setItem(KEPT, JSON.stringify(credential));
      become({ credential, isEnded: false });
    },

    /** A fresh token in place of one that ends. @param {Credential} credential */
    renew(credential) {
      tab.setItem(KEPT, JSON.stringify(credential));
      become({ credential, isEnded: false });
    },

    /** The service does not take the token any more: what is on the page stays, until there is a new one. */
    end() {
      forget();
      if (state.credential) become({ credential: null, isEnded: true });
    },

    signOut() {
      forget();
      become({ credential: null, isEnded: false });
    },

    /** @param {(now: typeof state) => void} listener @returns {() => void} ends it */
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** @returns {Credential | null} */
function read(/** @type {Storage} */ storage) {
  try {
    const kept = JSON.parse(storage.getItem(KEPT) ?? "null");
    return typeof kept?.token === "string" ? kept : null;
  } catch {
    return null;
  }
}
