// Words for what went wrong, which say what to do about it.
import { ApiError } from "../api/error.js";

/** @param {unknown} error @param {{ errors: Record<string, any> }} texts */
export function why(error, { errors }) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return errors.internal_page;
  }
  const { code, detail, status, requestId } = error;
  const known = errors[code] ?? (status >= 500 ? errors.internal : errors.refused);
  const words = typeof known === "function" ? known(detail) : known;
  // By it whoever runs the service finds what happened.
  return status >= 500 && requestId ? `${words} ${errors.reference(requestId)}` : words;
}
