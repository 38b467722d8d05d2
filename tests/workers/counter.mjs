// For tests: the functions of counter.mjs by HTTP, in front of the edge. POST /test takes a JSON array of calls,
// `[name, argument, ...]`, makes them all at once and answers with the array of what they gave.
import edge from "./entry.mjs";
import * as counter from "./counter.mjs";

// As they are deployed, and asked how much they keep.
export class LinkCounter extends counter.LinkCounter {
  keeps() {
    return this.ctx.storage.sql.exec("SELECT count(*) AS n FROM sqlite_master WHERE name IN ('link', 'grants')").one().n;
  }
}
export class TokenBucket extends counter.TokenBucket {
  keeps() {
    return [...this.ctx.storage.kv.list()].length;
  }
}

// What the Worker's clock is ahead of the machine's, by which the platform's alarms go.
let ahead = 0;
const clock = Date.now;
Date.now = () => clock() + ahead;

const calls = {
  take: (env, plan) => counter.take(env, plan),
  reserve: (env, plan, bytes) => counter.reserve(env, plan, bytes),
  giveBack: (env, plan, bytes) => counter.giveBack(env, plan, bytes),
  left: (env, plan) => counter.left(env, plan),
  strict: (env, kind, key) => counter.strict(env, kind, key),
  limit: (env, binding, key) => env[binding].limit({ key }).then(({ success }) => success),
  keeps: (env, binding, name) => env[binding].get(env[binding].idFromName(name)).keeps(),
  setAhead: async (env, millis) => (ahead = millis),
};

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== "/test") return edge.fetch(request, env, context);
    const asked = await request.json();
    const told = asked.map(([name, ...rest]) => calls[name](env, ...rest).catch((error) => ({ error: String(error) })));
    return Response.json(await Promise.all(told));
  },
};
