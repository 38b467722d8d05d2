// Counters: one Durable Object for each counted link and one for each strict bucket. An object reads rows, asks the
// rules what they mean and writes what they say, all in one transaction; core/src/counter.rs and core/src/limit.rs
// have the rules and the texts.
//
// What the entry calls. All of them reject when the object cannot be asked or is late: the caller answers 503, and
// gives nothing back, since what became of the call is not known.
//
//   take(env, plan)              plan     `link limit ends session key size version`: the link's name (token id in
//                                         hexadecimal) and `Claim::to_text` of the rules
//                                answers  `granted session ends size version`, `used_up` or `ended`: for
//                                         `Taken::from_text`
//   reserve(env, plan, bytes)    plan     `link session`: the grant's parent and its own id, both in hexadecimal
//                                answers  `ok`, `over_budget`, `used_up`, `ended` or `unknown`: for
//                                         `Reserved::from_text`
//   giveBack(env, plan, bytes)   plan     as for `reserve`; once for a reservation that was `ok`, with its bytes
//   left(env, plan)              plan     `link limit`
//                                answers  how many uses are left, a number
//   strict(env, kind, key)       kind     `issue` or `claim`
//                                answers  0 if the call may go on, else after how many seconds one may
import { DurableObject } from "cloudflare:workers";
import { replaceInstance, rules, state } from "./rules.mjs";

// Longest wait for an object: it may be in another part of the world, and start anew.
const PATIENCE_MILLIS = 5_000;

export async function take(env, plan) {
  const [link, claim] = parted(plan);
  return within(counterOf(env, link).take(claim));
}

export async function reserve(env, plan, bytes) {
  const [link, session] = parted(plan);
  return within(counterOf(env, link).reserve(session, bytes));
}

export async function giveBack(env, plan, bytes) {
  const [link, session] = parted(plan);
  return within(counterOf(env, link).giveBack(session, bytes));
}

export async function left(env, plan) {
  const [link, limit] = parted(plan);
  return within(counterOf(env, link).left(limit));
}

export async function strict(env, kind, key) {
  return within(env.BUCKETS.get(env.BUCKETS.idFromName(`${kind} ${key}`)).take(kind));
}

// The counter of one link.
export class LinkCounter extends DurableObject {
  // Whether the tables are there. Asking after a link that was never used writes nothing.
  #hasTables = false;

  take(claim) {
    const [, , session, key] = claim.split(" ");
    return this.#step(`take ${claim}`, session, key);
  }

  reserve(session, bytes) {
    return this.#step(`reserve ${bytes}`, session, "-");
  }

  giveBack(session, bytes) {
    return this.#step(`give_back ${bytes}`, session, "-");
  }

  async left(limit) {
    return Number(await this.#step(`left ${limit}`, "", "-"));
  }

  // At this time the rules have said that nothing of the link needs to be kept.
  async alarm() {
    this.#hasTables = false;
    await this.ctx.storage.deleteAll();
  }

  async #step(ask, session, key) {
    const { storage } = this.ctx;
    let answer, forget;
    storage.transactionSync(() => {
      const now = Date.now();
      const rows = this.#read(session, key, now);
      let link, place, grant;
      [answer, link, forget, place, grant] = asked(() => rules.count(`${ask}\n${rows}`, now)).split("\n");
      if (link || grant) this.#write(link, place, grant);
    });
    // Nothing has been awaited since the rows were written: row and alarm become durable together, and the answer
    // does not leave before they are.
    if (forget) await storage.setAlarm(+forget);
    return answer;
  }

  // The rows of the link and of the living grant with this session or, failing that, this key.
  #read(session, key, now) {
    const { sql } = this.ctx.storage;
    this.#hasTables ||= sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'grants'").toArray().length > 0;
    if (!this.#hasTables) return "\n";
    // Grants that have ended are never asked for again; their uses are counted in the link's row.
    sql.exec("DELETE FROM grants WHERE ends <= ?", now);
    const [link] = sql.exec("SELECT row FROM link").toArray();
    const [grant] = sql
      .exec("SELECT row FROM grants WHERE session = ?1 OR key = ?2 ORDER BY session = ?1 DESC LIMIT 1", session, key)
      .toArray();
    return `${link?.row ?? ""}\n${grant?.row ?? ""}`;
  }

  #write(link, place, grant) {
    const { sql } = this.ctx.storage;
    if (!this.#hasTables) {
      sql.exec(`
        CREATE TABLE link (id INTEGER PRIMARY KEY CHECK (id = 0), row TEXT NOT NULL);
        CREATE TABLE grants (session TEXT PRIMARY KEY, key TEXT UNIQUE, ends INTEGER NOT NULL, row TEXT NOT NULL)
          WITHOUT ROWID;
        CREATE INDEX grants_by_end ON grants (ends);
      `);
    }
    if (link) sql.exec("INSERT OR REPLACE INTO link VALUES (0, ?)", link);
    if (grant) {
      const [session, key, ends] = place.split(" ");
      // NULL is never equal to another one: any number of grants may have no key.
      sql.exec("INSERT OR REPLACE INTO grants VALUES (?, nullif(?, '-'), ?, ?)", session, key, +ends, grant);
    }
  }
}

// A strict bucket. Its state is in memory and, before anybody hears of it, on disk: a restart does not fill it.
export class TokenBucket extends DurableObject {
  // The rules' own text, and when it is worth nothing any more. Undefined until it was read.
  #kept;
  #hasAlarm = false;

  async take(kind) {
    const { storage } = this.ctx;
    this.#kept ??= storage.kv.get("kept") ?? { bucket: "", full: 0 };
    const [wait, bucket, full] = asked(() => rules.strict(kind, this.#kept.bucket, Date.now())).split("\n");
    if (bucket) {
      const kept = { bucket, full: +full };
      storage.kv.put("kept", kept);
      this.#kept = kept;
      await this.#setAlarm(kept.full);
    }
    return +wait;
  }

  // A full bucket is as good as none. One that was used meanwhile is looked at again when it should be full.
  async alarm() {
    this.#hasAlarm = false;
    const { full } = this.#kept ?? this.ctx.storage.kv.get("kept") ?? { full: 0 };
    if (Date.now() < full) return this.#setAlarm(full);
    this.#kept = undefined;
    await this.ctx.storage.deleteAll();
  }

  async #setAlarm(time) {
    if (this.#hasAlarm) return;
    this.#hasAlarm = true;
    await this.ctx.storage.setAlarm(time);
  }
}

// A plan's first word and the rest.
function parted(plan) {
  const end = plan.indexOf(" ");
  if (end < 1) throw new TypeError("a plan without a link");
  return [plan.slice(0, end), plan.slice(end + 1)];
}

function counterOf(env, link) {
  return env.LINKS.get(env.LINKS.idFromName(link));
}

// Asks the rules, by an instance that is well.
function asked(ask) {
  if (state.criticalError) replaceInstance();
  try {
    return ask();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
    throw error;
  }
}

function within(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the object is late")), PATIENCE_MILLIS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
