// Sign-in by an identity provider: OpenID Connect, authorization code with PKCE (RFC 7636), as a public client. What calls
// carry is the ID token: of all that a provider gives it is the one whose form and audience are standardized.
import * as oauth from "oauth4webapi";

/** Kept in this tab while the person is at the provider. */
const PENDING = "clouddrop.sign-in";
/** A token is renewed so long before it ends, milliseconds. */
export const EARLY = 60_000;

/** @typedef {{ issuer: string, client_id: string }} Provider of `/settings.json` */

/** Sends the person to the provider. @param {Provider} provider */
export async function leave(provider) {
  const server = await discover(provider);
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
  sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, nonce, view: location.hash }));
  const url = new URL(/** @type {string} */ (server.authorization_endpoint));
  for (const [name, value] of Object.entries({
    client_id: provider.client_id,
    redirect_uri: redirectUri(),
    response_type: "code",
    scope: "openid",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  })) url.searchParams.set(name, value);
  location.assign(url);
}

/** Whether the provider has just sent the person back. */
export function isBack() {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
}

/**
 * Ends the sign-in that `leave` began. The code leaves the address first of all.
 * @param {Provider} provider @returns {Promise<import("./session.js").Credential>}
 */
export async function arrive(provider) {
  const here = new URL(location.href);
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "{}");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `${here.pathname}${pending.view ?? ""}`);
  if (!pending.state) throw new Error("a sign-in that this tab has not begun");
  const [server, client] = [await discover(provider), clientOf(provider)];
  const answer = oauth.validateAuthResponse(server, client, here, pending.state);
  const reply = await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), answer, redirectUri(), pending.verifier, options(provider),
  );
  return credential(await oauth.processAuthorizationCodeResponse(server, client, reply, {
    expectedNonce: pending.nonce, requireIdToken: true,
  }));
}

/** A fresh token. @param {Provider} provider @param {string} refresh */
export async function renewed(provider, refresh) {
  const [server, client] = [await discover(provider), clientOf(provider)];
  const reply = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refresh, options(provider));
  return credential({ refresh_token: refresh, ...(await oauth.processRefreshTokenResponse(server, client, reply)) });
}

async function discover(/** @type {Provider} */ provider) {
  const issuer = new URL(provider.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options(provider)));
}

/** @param {any} granted @returns {import("./session.js").Credential} */
function credential(granted) {
  if (!granted.id_token) throw new Error("the provider gave no ID token");
  const { exp } = JSON.parse(atob(granted.id_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  return { kind: "oidc", token: granted.id_token, expiresAt: exp * 1_000, ...(granted.refresh_token && { refresh: granted.refresh_token }) };
}

const clientOf = (/** @type {Provider} */ { client_id }) => ({ client_id });

// A provider of this very machine may speak http; the edge takes no other that does.
const options = (/** @type {Provider} */ { issuer }) => ({ [oauth.allowInsecureRequests]: issuer.startsWith("http://") });

const redirectUri = () => `${location.origin}/`;
