// Paths with what stands behind the question mark.

/** Leaves out what is absent. @param {string} path @param {Record<string, string | number | undefined>} terms */
export function withQuery(path, terms) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(terms)) if (value !== undefined && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
