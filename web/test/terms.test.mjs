// What a share's form tells the service.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRESH, bodyOf, changeOf, faultsOf, termsOf } from "../src/views/share/terms.js";

const SHARE = {
  max_downloads: 3, file_name: "a.txt", networks: ["203.0.113.0/24"], countries: ["SE"], inline: true, note: "for Ada", password: true,
};

test("a new share says what was filled in and nothing else", () => {
  assert.deepEqual(bodyOf(FRESH, { key: "k" }), { key: "k", expires_in: "7d" });
  const terms = { ...FRESH, lifetime: "1d", maxDownloads: " 5 ", password: " pass ", networks: "10.0.0.0/8, ::1\n192.0.2.1", countries: "se us-ca", inline: true };
  assert.deepEqual(bodyOf(terms, { folder: "f" }), {
    folder: "f", expires_in: "1d", max_downloads: 5, password: " pass ", networks: ["10.0.0.0/8", "::1", "192.0.2.1"],
    countries: ["SE", "US-CA"], inline: true,
  });
});

test("a form that nobody touched changes nothing", () => {
  assert.deepEqual(changeOf(termsOf(SHARE), SHARE), {});
  assert.deepEqual(changeOf(termsOf({}), {}), {});
});

test("what was emptied is taken away, and what was typed takes its place", () => {
  const terms = { ...termsOf(SHARE), maxDownloads: "", networks: " ", countries: "DE", inline: false, note: "" };
  assert.deepEqual(changeOf(terms, SHARE), { max_downloads: null, networks: null, countries: ["DE"], inline: null, note: null });
});

test("a password is changed, taken away, or left as it is", () => {
  assert.deepEqual(changeOf({ ...termsOf(SHARE), password: "another" }, SHARE), { password: "another" });
  assert.deepEqual(changeOf({ ...termsOf(SHARE), password: "another", removePassword: true }, SHARE), { password: null });
});

test("only what is no number at all is held back", () => {
  for (const text of ["", "1", " 12 "]) assert.deepEqual(faultsOf({ ...FRESH, maxDownloads: text }), {});
  for (const text of ["0", "-1", "1.5", "ten", "1e3"]) assert.deepEqual(faultsOf({ ...FRESH, maxDownloads: text }), { maxDownloads: "notWhole" });
});
