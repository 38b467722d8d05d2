// CloudFront's side as its developer guide documents it ("JavaScript runtime 2.0 features", "CWT support for CloudFront
// Functions", "Helper methods for key value stores", "General helper methods", "Event structure"): a real implementation
// of what is written there, with real MACs. It is not CloudFront: what the guide leaves open is open here too.
import { createHmac, timingSafeEqual } from "node:crypto";
import vm from "node:vm";

// One CBOR item (RFC 8949), keys of maps as texts: "Once decoded, all claim keys are represented as strings".
export function decode(bytes) {
  let at = 0;
  const take = (length) => {
    if (at + length > bytes.length) throw new Error("Invalid CBOR");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const item = (depth) => {
    if (depth > 32) throw new Error("Invalid CBOR");
    const [initial] = take(1);
    const [major, info] = [initial >> 5, initial & 31];
    if (major === 7 && info === 25) throw new Error("Unsupported CBOR");
    if (info > 27) throw new Error("Unsupported CBOR");
    const width = info < 24 ? 0 : 1 << (info - 24);
    const tail = take(width);
    if (major === 7) {
      if (info === 26) return tail.readFloatBE();
      if (info === 27) return tail.readDoubleBE();
      return { 20: false, 21: true, 22: null }[info];
    }
    const argument = width === 0 ? info : width === 8 ? Number(tail.readBigUInt64BE()) : tail.readUIntBE(0, width);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 2) return Buffer.from(take(argument));
    if (major === 3) return take(argument).toString("utf8");
    if (major === 4) {
      if (argument > bytes.length) throw new Error("Invalid CBOR");
      return Array.from({ length: argument }, () => item(depth + 1));
    }
    if (major === 6) return { tag: argument, value: item(depth + 1) };
    const map = {};
    for (let pair = 0; pair < argument; pair += 1) map[String(item(depth + 1))] = item(depth + 1);
    return map;
  };
  const value = item(0);
  if (at !== bytes.length) throw new Error("Invalid CBOR");
  return value;
}

function head(length) {
  return length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
}

// validateToken(token, {key}): "decodes and validates a CWT token using the specified key... Otherwise, it throws an error...
// this function does no validation on the claim set". MAC0 with HS256 only, 1 KB at most.
export function validateToken(token, context) {
  if (!Buffer.isBuffer(token)) throw new TypeError("token must be a Buffer");
  if (token.length > 1024) throw new Error("Token too large");
  const key = context.key;
  if (typeof key !== "string" && !Buffer.isBuffer(key)) throw new TypeError("key must be a string or a Buffer");
  let message = decode(token);
  if (message?.tag === 61) message = message.value;
  if (message?.tag !== 17 || !Array.isArray(message.value) || message.value.length !== 4) throw new Error("Invalid token");
  const [rawHeaders, unprotectedHeaders, payload, tag] = message.value;
  if (![rawHeaders, payload, tag].every(Buffer.isBuffer)) throw new Error("Invalid token");
  const protectedHeaders = rawHeaders.length ? decode(rawHeaders) : {};
  if (protectedHeaders["1"] !== 5) throw new Error("Unsupported algorithm");
  const mac = createHmac("sha256", key);
  for (const part of [[0x84, 0x64, ...Buffer.from("MAC0")], head(rawHeaders.length), rawHeaders, [0x40], head(payload.length), payload]) {
    mac.update(Buffer.from(part));
  }
  if (tag.length !== 32 || !timingSafeEqual(mac.digest(), tag)) throw new Error("Signature mismatch");
  return { protectedHeaders, unprotectedHeaders, payload: decode(payload) };
}

// A key value store: get() "will return an error when the key that you requested doesn't exist".
export const storeOf = (entries) => ({
  async get(key, options) {
    if (!Object.hasOwn(entries, key)) throw new Error("KeyNotFound");
    return options?.format === "json" ? structuredClone(entries[key]) : JSON.stringify(entries[key]);
  },
  async exists(key) {
    return Object.hasOwn(entries, key);
  },
});

// The function, in a realm without Node's globals, without dynamic code, with a clock that stands still.
export function load(code, { store = {}, validate = validateToken, kvs, log = () => {} } = {}) {
  const clock = { now: 0 };
  const context = vm.createContext(
    { Buffer, console: { log }, modules: { cloudfront: { kvs: kvs ?? (() => storeOf(store)), cwt: { validateToken: validate } }, crypto: { createHmac } } },
    { codeGeneration: { strings: false, wasm: false } },
  );
  context.clock = clock;
  vm.runInContext("Date.now = () => clock.now; delete globalThis.WebAssembly;", context);
  const script = code.replace(/^import (\w+) from '(cloudfront|crypto)';$/gm, "const $1 = modules.$2;");
  if (/\b(import|require|export)\b/.test(script)) throw new Error("another module");
  const handler = vm.runInContext(`'use strict';\n${script}\n;handler`, context);
  return (event, now) => {
    clock.now = now;
    return handler(event);
  };
}

// Fields by their names, repeated ones in `multiValue`; `value` is the first.
function gather(pairs) {
  const fields = {};
  for (const [name, value] of pairs) {
    const field = fields[name];
    if (!field) fields[name] = { value };
    else (field.multiValue ??= [{ value: field.value }]).push({ value });
  }
  return fields;
}

// A viewer's request as an event; the URI as the viewer wrote it.
export function eventOf({ method, url, headers, address, id = "case-1" }) {
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/s.exec(url) ?? [];
  const mark = rest.indexOf("?");
  const query = mark < 0 ? undefined : rest.slice(mark + 1);
  const pairsOf = (text, separator) =>
    text.split(separator).map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1)];
    });
  const lower = headers.map(([name, value]) => [name.toLowerCase(), value]);
  const cookies = lower.filter(([name]) => name === "cookie").flatMap(([, value]) => pairsOf(value, ";"));
  return {
    version: "1.0",
    context: { distributionDomainName: "d111111abcdef8.cloudfront.net", distributionId: "EDFDVBD6EXAMPLE", eventType: "viewer-request", requestId: id },
    viewer: { ip: address ?? "198.51.100.11" },
    request: {
      method,
      uri: mark < 0 ? rest : rest.slice(0, mark),
      querystring: query ? gather(pairsOf(query, "&")) : {},
      rawQueryString: () => query,
      headers: gather(lower.filter(([name]) => name !== "cookie")),
      cookies: gather(cookies),
    },
  };
}
