// An identity provider for one client, as strict as the standards ask: authorization code with PKCE (RFC 7636), ID tokens
// signed with ES256, refresh tokens used once. `faults` injects what a bad one would do.
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { SignJWT, exportJWK, generateKeyPair } = await import(createRequire(`${process.argv[2]}/`).resolve("jose"));

/** @param {{ port: number, clientId: string }} options */
export async function provider({ port, clientId }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const codes = new Map();
  const refreshes = new Map();
  const state = { lifetime: 3_600, faults: {}, refreshed: 0, asked: [] };

  const idToken = (nonce) => new SignJWT({ ...(nonce && { nonce }), roles: ["member"] })
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .setIssuer(issuer).setAudience(clientId).setSubject("ada").setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + state.lifetime)
    .sign(privateKey);
  const tokens = async (nonce) => {
    const refresh = randomUUID();
    refreshes.set(refresh, true);
    return {
      access_token: randomUUID(), token_type: "Bearer", expires_in: state.lifetime, id_token: await idToken(nonce),
      ...(!state.faults.noRefresh && { refresh_token: refresh }),
    };
  };

  const routes = {
    "GET /.well-known/openid-configuration": () => [200, {
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`,
      response_types_supported: ["code"], subject_types_supported: ["public"], id_token_signing_alg_values_supported: ["ES256"],
      code_challenge_methods_supported: ["S256"], authorization_response_iss_parameter_supported: true,
    }],
    // Browsers ask for it by themselves.
    "GET /favicon.ico": () => [200, ""],
    "GET /keys": async () => [200, { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }] }],
    // Asks the person; "yes" and "no" are where their answer leads.
    "GET /authorize": ({ query }) => {
      state.asked.push(Object.fromEntries(query));
      const isRight = query.get("response_type") === "code" && query.get("client_id") === clientId
        && query.get("code_challenge_method") === "S256" && query.get("scope").split(" ").includes("openid");
      if (!isRight) return [400, { error: "invalid_request" }];
      const code = randomUUID();
      codes.set(code, Object.fromEntries(query));
      const back = (terms) => `${query.get("redirect_uri")}?${new URLSearchParams({ ...terms, state: query.get("state"), iss: issuer })}`;
      return [200, `<!doctype html><title>Provider</title><a href="${esc(back({ code }))}">yes</a> <a href="${esc(back({ error: "access_denied" }))}">no</a>`];
    },
    "POST /token": async ({ body }) => {
      if (body.get("client_id") !== clientId) return [401, { error: "invalid_client" }];
      if (body.get("grant_type") === "refresh_token") {
        if (!refreshes.delete(body.get("refresh_token"))) return [400, { error: "invalid_grant" }];
        state.refreshed += 1;
        return [200, await tokens()];
      }
      const asked = codes.get(body.get("code"));
      codes.delete(body.get("code"));
      const challenge = createHash("sha256").update(body.get("code_verifier") ?? "").digest("base64url");
      const isRight = asked && asked.redirect_uri === body.get("redirect_uri") && asked.code_challenge === challenge;
      if (!isRight) return [400, { error: "invalid_grant" }];
      return [200, await tokens(state.faults.wrongNonce ? "another" : asked.nonce)];
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, issuer);
    let body = "";
    for await (const chunk of request) body += chunk;
    const route = routes[`${request.method} ${url.pathname}`];
    const [status, answer] = route ? await route({ query: url.searchParams, body: new URLSearchParams(body) }) : [404, {}];
    response.writeHead(status, {
      "Content-Type": typeof answer === "string" ? "text/html" : "application/json",
      "Access-Control-Allow-Origin": "*",
      "Cache-Control": "no-store",
    });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return { issuer, state, close: () => server.close() };
}

const esc = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
