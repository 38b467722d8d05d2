// The peer: the same job with the libraries most Workers use. Written as their documentation recommends, and as a
// careful developer would: the key is imported once, the signing client lives as long as the isolate (so that its cache
// of derived keys works), the algorithm is fixed, issuer, audience, expiry, method and path are checked.
import { jwtVerify } from "jose";
import { AwsClient } from "aws4fetch";

/** Request headers that may reach the origin. */
const FORWARDED = ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/** What a refusal says to the client; the reason stays inside. */
export class Refused extends Error {
  constructor(status) {
    super("refused");
    this.status = status;
  }
}

export async function createGate(env) {
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(env.TOKEN_SECRET),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  const expected = {
    algorithms: ["HS256"],
    issuer: env.ISSUER,
    audience: env.AUDIENCE,
    requiredClaims: ["exp", "jti"],
  };
  const client = new AwsClient({
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    service: "s3",
    region: env.REGION,
  });
  const base = `${env.ORIGIN}/${env.OBJECT_PREFIX}`;

  /** The signed origin request for a request that may pass; throws Refused for one that may not. */
  return async function gate(method, pathname, headers) {
    const [token, wanted] = carrier(pathname, headers);
    let claims;
    try {
      claims = (await jwtVerify(token, key, expected)).payload;
    } catch {
      throw new Refused(401);
    }
    if (!Array.isArray(claims.methods) || !claims.methods.includes(method)) throw new Refused(403);
    if (typeof claims.path !== "string" || !canonical(claims.path)) throw new Refused(403);
    if (wanted !== null && wanted !== claims.path) throw new Refused(403);

    const forwarded = {};
    for (const name of FORWARDED) {
      const value = headers.get(name);
      if (value !== null) forwarded[name] = value;
    }
    return client.sign(base + claims.path, { method, headers: forwarded });
  };
}

/** The token and, where the path names one, the object: `/d/<token>`, or `/f/<key>` with a bearer token. */
function carrier(pathname, headers) {
  if (pathname.startsWith("/d/")) return [pathname.slice(3), null];
  const authorization = headers.get("authorization");
  if (pathname.startsWith("/f/") && authorization !== null && authorization.startsWith("Bearer ")) {
    return [authorization.slice(7), pathname.slice(3)];
  }
  throw new Refused(401);
}

/** No key that URL parsing would rewrite into another one. */
function canonical(key) {
  return /^[A-Za-z0-9_\-.\/]+$/.test(key) && !key.split("/").some((part) => part === "" || part === "." || part === "..");
}
