// Small rules of the page: days, names, orders, routes, kinds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { viewOf } from "../src/app/router.js";
import { withQuery } from "../src/api/query.js";
import { byDay } from "../src/views/share/by-day.js";
import { usesOf } from "../src/views/share/uses.js";
import { bodyOf, faultsOf } from "../src/views/requests/wish.js";
import { nameOf } from "../src/views/shares/name-of.js";
import { SORTS } from "../src/views/files/sorts.js";

const NOW = new Date(2030, 2, 31, 12).getTime();

test("downloads are counted on the day of the calendar that they were made on", () => {
  const at = (...when) => ({ at: new Date(2030, ...when).getTime(), kind: "download" });
  const events = [at(2, 31, 0, 0), at(2, 30, 23, 59), at(2, 30, 0, 0), at(2, 18, 0, 0), at(2, 17, 23, 59), { ...at(2, 31), kind: "claim" }];
  const bars = byDay(events, 14, NOW).map(({ count }) => count);
  assert.deepEqual(bars, [1, ...Array(11).fill(0), 2, 1]);
});

test("a link with a limit tells what counts against it", () => {
  assert.equal(usesOf({ max_downloads: 5, uses: { claims: 2, downloads: 7 } }), 2);
  assert.equal(usesOf({ uses: { claims: 0, downloads: 7 } }), 7);
});

test("a share is called by what it is saved as, or by its own path", () => {
  const texts = { folder: "Folder" };
  assert.equal(nameOf({ key: "o/f/x/a.txt", file_name: "b.txt" }, texts), "b.txt");
  assert.equal(nameOf({ key: "o/f/x/a.txt" }, texts), "a.txt");
  assert.equal(nameOf({ folder: "o/f/" }, texts), "Folder");
  assert.equal(nameOf({ folder: "o/f/photos/2030/" }, texts), "photos/2030");
  assert.equal(nameOf({ key: "o/f/x/gpj\u202e.exe" }, texts).includes("\u202e"), false);
});

test("names are ordered as people count", () => {
  const names = ["b 10", "B 9", "a"].map((name) => ({ name })).toSorted(SORTS.name).map(({ name }) => name);
  assert.deepEqual(names, ["a", "B 9", "b 10"]);
});

test("a request says what was filled in, sizes in bytes", () => {
  const values = { note: " ", lifetime: "7d", maxFiles: "3", maxFileSize: "2", types: "images" };
  assert.deepEqual(bodyOf(values), { expires_in: "7d", max_files: 3, max_file_bytes: 2_000_000, types: ["image/*"] });
  assert.deepEqual(bodyOf({ note: "n", lifetime: "1d", maxFiles: "", maxFileSize: "", types: "all" }), { expires_in: "1d", note: "n" });
  assert.deepEqual(faultsOf({ maxFiles: "x", maxFileSize: "" }), { maxFiles: "notWhole" });
});

test("an address leads to a view, and any other to the first", () => {
  assert.deepEqual(["#/files", "#/shares?x", "", "#/nothing", "#constructor"].map(viewOf), ["files", "shares", "send", "send", "send"]);
});

test("a query names what is there, and encodes it", () => {
  assert.equal(withQuery("/p", { a: undefined, b: "", c: "ä&=/", d: 5 }), "/p?c=%C3%A4%26%3D%2F&d=5");
  assert.equal(withQuery("/p", {}), "/p");
});
