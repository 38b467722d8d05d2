// What the page must know of where it is.
import { ApiError, refused } from "./error.js";

/** @returns {Promise<{ files: string, oidc: null | { issuer: string, client_id: string } }>} */
export async function settings() {
  let reply;
  try {
    reply = await fetch("/settings.json");
    if (reply.ok) return await reply.json();
  } catch {
    throw new ApiError({ status: 0, code: "network" });
  }
  throw await refused(reply);
}
