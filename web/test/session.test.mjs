// Who is signed in, and what is kept of it where.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "../src/session/session.js";

class Memory {
  #kept = new Map();
  getItem = (name) => this.#kept.get(name) ?? null;
  setItem = (name, value) => this.#kept.set(name, value);
  removeItem = (name) => this.#kept.delete(name);
  get size() { return this.#kept.size; }
}
const fresh = () => ({ tab: new Memory(), device: new Memory() });
const KEY = { kind: "key", token: "cd_secret" };

test("a key is kept in the tab, and on the device only if that was asked for", () => {
  const kept = fresh();
  const session = createSession(kept);
  session.signIn(KEY);
  assert.deepEqual([kept.tab.size, kept.device.size], [1, 0]);
  assert.equal(createSession({ ...fresh(), tab: kept.tab }).token(), KEY.token);
  session.signIn(KEY, { stay: true });
  assert.deepEqual([kept.tab.size, kept.device.size], [0, 1]);
  assert.equal(createSession({ ...fresh(), device: kept.device }).token(), KEY.token);
});

test("signed out, or not taken any more, nothing is kept", () => {
  for (const end of ["signOut", "end"]) {
    const kept = fresh();
    const session = createSession(kept);
    session.signIn(KEY, { stay: true });
    session[end]();
    assert.deepEqual([kept.tab.size, kept.device.size, session.token()], [0, 0, null]);
    assert.equal(session.state().isEnded, end === "end");
  }
});

test("what was kept and is not ours is nobody's", () => {
  for (const text of ["", "{", "null", "7", '{"token":7}', '"cd_secret"']) {
    const kept = fresh();
    kept.tab.setItem("clouddrop.session", text);
    assert.equal(createSession(kept).token(), null, text);
  }
});

test("who listens is told, until they have heard enough", () => {
  const session = createSession(fresh());
  const heard = [];
  const stop = session.subscribe(({ credential }) => heard.push(credential?.token ?? null));
  session.signIn(KEY);
  session.renew({ ...KEY, token: "cd_fresh" });
  stop();
  session.signOut();
  assert.deepEqual(heard, ["cd_secret", "cd_fresh"]);
});
