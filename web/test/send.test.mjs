// The engine's parts that need no browser: `node --test "web/test/*.test.mjs"`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ofApi, ofS3 } from "../src/send/failure.js";
import { Group } from "../src/send/group.js";
import { Meter } from "../src/send/meter.js";
import { apart, directory, fileName, numbered } from "../src/send/names.js";
import { PartUrls } from "../src/send/part-urls.js";
import { scopeOf } from "../src/send/scope.js";

const bytes = (text) => new TextEncoder().encode(text).length;

test("names that would be refused become the nearest that are not", () => {
  for (const [given, sent] of [
    ["a.txt", "a.txt"],
    ["a\u0000b\nc\u007f\u0085.txt", "a_b_c__.txt"],
    ["a/b.txt", "a_b.txt"],
    ["", "file"],
    ["\ud800.txt", "\ufffd.txt"],
    ["<b>\u202e.exe", "<b>\u202e.exe"],
  ]) assert.equal(fileName(given), sent);
  const long = fileName(`${"字".repeat(200)}.tar.gz`);
  assert.ok(long.endsWith(".gz") && bytes(long) <= 255 && bytes(long) > 250, long);
  assert.equal(bytes(fileName("a".repeat(300))), 255);
});

test("directories have no empty, single or double dotted names", () => {
  assert.equal(directory("/a/./b//../c\n/"), "a/b/c_");
  assert.equal(directory(""), "");
});

test("a name that is there already gets a number, before its ending", () => {
  const names = (files) => apart(files).map(({ name, path }) => `${path}/${name}`);
  const file = (name, path = "") => ({ name, path });
  assert.deepEqual(
    names([file("a.txt"), file("a.txt"), file("a (2).txt"), file("a.txt", "b"), file("a.txt")]),
    ["/a.txt", "/a (2).txt", "/a (2) (2).txt", "b/a.txt", "/a (3).txt"],
  );
  assert.equal(numbered(".profile", 2), ".profile (2)");
  const long = numbered(`${"a".repeat(251)}.txt`, 12);
  assert.ok(long.endsWith(" (12).txt") && bytes(long) === 255, long);
});

test("the speed is that of the last seconds", () => {
  const meter = new Meter();
  assert.deepEqual([meter.speed(0), meter.secondsLeft(10, 0)], [0, null]);
  for (let second = 0; second <= 20; second++) meter.note(second < 10 ? second * 100 : 1_000 + (second - 10) * 10, second * 1_000);
  assert.equal(Math.round(meter.speed(20_000)), 10);
  assert.equal(meter.secondsLeft(100, 20_000), 10);
  assert.equal(meter.silence(26_000), 6_000);
  // Silence makes it slower, and what is sent again begins anew.
  assert.ok(meter.speed(30_000) < 10);
  meter.note(500, 31_000);
  assert.equal(meter.speed(31_000), 0);
});

test("part URLs are asked for in batches, once for those that wait, and again when they are old", async () => {
  const asked = [];
  const arrived = new Set([2]);
  let life = 3_600_000;
  const urls = new PartUrls(120, arrived, async (numbers) => {
    asked.push(numbers);
    await null;
    return { parts: numbers.map((number) => ({ number, url: `${number}-${asked.length}` })), expires_at: new Date(Date.now() + life).toISOString() };
  });
  urls.learn([{ number: 1, url: "1-0" }], new Date(Date.now() + 2 * life).toISOString());
  assert.equal(await urls.of(1), "1-0");
  assert.deepEqual(await Promise.all([urls.of(100), urls.of(101), urls.of(119)]), ["100-1", "101-1", "119-1"]);
  assert.equal(asked.length, 1);
  assert.deepEqual([asked[0].length, asked[0][0], asked[0][21], asked[0].includes(2), asked[0].includes(1)], [50, 100, 3, false, false]);
  // Refused: all that came with it are as old.
  urls.refused(100);
  assert.equal(await urls.of(101), "101-2");
  assert.equal(await urls.of(1), "1-0");
  // So short a life is used at once, rather than asked for for ever.
  life = 1_000;
  urls.refused(101);
  assert.equal(await urls.of(101), "101-3");
});

test("a failed question for URLs is asked again by the next who needs one", async () => {
  let count = 0;
  const urls = new PartUrls(1, new Set(), async () => {
    if (!count++) throw new Error("once");
    return { parts: [{ number: 1, url: "good" }], expires_at: new Date(Date.now() + 3_600_000).toISOString() };
  });
  await assert.rejects(urls.of(1), /once/);
  assert.equal(await urls.of(1), "good");
});

test("refusals have names that there are words for", () => {
  for (const [status, code, ours, passes] of [
    [0, "network", "network", true],
    [401, "unauthorized", "signed_out", false],
    [403, "quota_exceeded", "quota", false],
    [403, "forbidden", "refused", false],
    [409, "conflict", "refused", false],
    [410, "gone", "link_closed", false],
    [429, "rate_limited", "busy", true],
    [503, "something_new", "busy", true],
    [418, "something_new", "refused", false],
  ]) {
    const error = ofApi({ status, code });
    assert.deepEqual([error.code, error.passes, error.api], [ours, passes, status ? code : code], `${status} ${code}`);
  }
  const s3 = (code) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  for (const [status, code, ours, passes] of [
    [400, "BadDigest", "damaged", false],
    [400, "RequestTimeout", "busy", true],
    [403, "AccessDenied", "url_expired", true],
    [404, "NoSuchUpload", "gone", false],
    [503, "SlowDown", "busy", true],
    [400, "EntityTooLarge", "refused", false],
  ]) {
    const error = ofS3(status, s3(code));
    assert.deepEqual([error.code, error.passes], [ours, passes], code);
  }
});

test("both languages have words for the same things", async () => {
  const [en, de] = await Promise.all(["en", "de"].map(async (lang) => (await import(`../src/texts/send.${lang}.js`)).default));
  const keys = (texts, above = "") => Object.entries(texts).flatMap(([key, value]) => (
    value && typeof value === "object" ? keys(value, `${above}${key}.`) : [`${above}${key}: ${typeof value}`]
  )).sort();
  assert.deepEqual(keys(de), keys(en));
});

test("files that were added together follow the first into its folder, and one alone needs none", async () => {
  const asked = [];
  const grant = (name) => async (folder) => {
    asked.push([name, folder]);
    await null;
    if (name === "refused") throw new Error("refused");
    return { folder: folder ?? "f1", key: `owner/${folder ?? "f1"}/${name}` };
  };
  const group = new Group(3, true);
  const refused = group.join(grant("refused")).catch(() => {});
  await Promise.all([refused, group.join(grant("a")), group.join(grant("b"))]);
  assert.deepEqual(asked, [["refused", null], ["a", null], ["b", "f1"]]);
  assert.equal(group.key, "owner/f1");
  for (const alone of [new Group(1, true), new Group(3, false)]) {
    await alone.join(grant("c"));
    assert.deepEqual([asked.pop(), alone.key], [["c", null], null]);
  }
});

test("what is kept does not tell the link's token", async () => {
  const scope = await scopeOf({ uploadLink: "secret-token" });
  assert.match(scope, /^link:[0-9a-f]{64}$/);
  assert.notEqual(scope, await scopeOf({ uploadLink: "another" }));
  assert.equal(await scopeOf({ owner: "alice" }), "owner:alice");
});
