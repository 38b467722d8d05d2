// Renews a token shortly before it ends, where the provider lets us; ends the session where it does not.
import { EARLY, renewed } from "./oidc.js";

/** The longest that a timer can wait. */
const LONGEST = 2 ** 31 - 1;

/** @param {ReturnType<typeof import("./session.js").createSession>} session @param {import("./oidc.js").Provider} provider */
export function keepFresh(session, provider) {
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    const { credential } = session.state();
    if (credential?.kind !== "oidc" || !credential.expiresAt) return;
    const left = credential.expiresAt - Date.now() - (credential.refresh ? EARLY : 0);
    timer = setTimeout(() => renew(credential), Math.min(Math.max(left, 1_000), LONGEST));
  };
  const renew = async (credential) => {
    if (credential.expiresAt - Date.now() > EARLY) return plan();
    try {
      if (!credential.refresh) throw new Error("no refresh token");
      const fresh = await renewed(provider, credential.refresh);
      // Signed out in the meantime: it stays so.
      if (session.state().credential === credential) session.renew(fresh);
    } catch {
      if (session.state().credential === credential) session.end();
    }
  };
  session.subscribe(plan);
  plan();
}
