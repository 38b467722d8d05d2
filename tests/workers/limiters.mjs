// For tests: limiters that fail, in front of the edge. They stand in the place of the platform's, since that one cannot
// be made to fail. The header `x-test-rough` says how the rough counts fail, `x-test-strict` how the strict bucket does.
import edge from "./entry.mjs";

export { LinkCounter, TokenBucket } from "./entry.mjs";

const ways = {
  never: () => new Promise(() => {}),
  rejects: () => Promise.reject(new Error("the limiter is out")),
  throws: () => {
    throw new Error("no such limiter");
  },
  nonsense: () => Promise.resolve({}),
};

export default {
  fetch(request, env, context) {
    const bindings = { ...env };
    const rough = ways[request.headers.get("x-test-rough")];
    if (rough) for (const name of ["LIMIT_CLIENT", "LIMIT_TOKEN", "LIMIT_BAD"]) bindings[name] = { limit: rough };
    const missing = request.headers.get("x-test-rough") === "missing";
    if (missing) delete bindings.LIMIT_CLIENT;
    const strict = ways[request.headers.get("x-test-strict")];
    if (strict) bindings.BUCKETS = { idFromName: (name) => name, get: () => ({ take: strict }) };
    return edge.fetch(request, bindings, context);
  },
};
