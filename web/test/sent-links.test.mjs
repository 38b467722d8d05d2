// Links to what was sent, with a service whose answers get lost: a fault that has to be injected.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSentLinks } from "../src/views/sending/sent-links.js";

/** A queue in which one file has arrived, and a service that answers as `answers` do, one after the other. */
function links(answers) {
  const asked = [];
  const call = async (method, path, body, { idempotencyKey }) => {
    asked.push({ body, idempotencyKey });
    return answers.shift()();
  };
  const done = { id: "1", group: { id: "g", folder: null }, state: "done", name: "a.txt", file: { key: "o/f/a.txt" } };
  const queue = { subscribe: (listener) => listener([done]) };
  const storage = { getItem: () => null, setItem() {} };
  return { asked, links: createSentLinks({ queue, call, storage }) };
}
const lost = () => { throw new TypeError("network"); };
const made = () => ({ id: "s" });
const turn = () => new Promise(setImmediate);

test("a link whose answer was lost is asked for with the same key: there is one share", async () => {
  const { asked, links: sent } = links([lost, made]);
  await turn();
  assert.equal(sent.all()[0].state, "failed");
  await sent.make("g");
  assert.deepEqual([sent.all()[0].state, sent.all()[0].share], ["ready", { id: "s" }]);
  assert.deepEqual(asked[0], asked[1]);
  assert.match(asked[0].idempotencyKey, /^[0-9a-f-]{36}$/);
});

test("another lifetime is another wish", async () => {
  const { asked, links: sent } = links([lost, made]);
  await turn();
  sent.setWish({ ...sent.wish(), lifetime: "1d" });
  await sent.make("g");
  assert.deepEqual(asked.map(({ body }) => body.expires_in), ["7d", "1d"]);
  assert.notEqual(asked[0].idempotencyKey, asked[1].idempotencyKey);
});
