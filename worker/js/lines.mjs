// The texts that cross the border between JavaScript and the rules: core/src/border.rs describes them. The numbers
// are places of their lines.

// Lines of a request to the origin,
export const LIMITS = 1;
export const USES = 2;
export const LOG_OF_FETCH = 3;
export const FLAGS = 4;
export const WAIT = 5;
export const TIME = 6;
export const METHOD = 7;
export const URL = 8;
export const EXPECT = 9;
export const FETCH_NAMES = 10;
// and of a reply.
export const LOG = 2;
export const STATUS = 3;
export const SET = 4;
export const BODY = 5;
export const BYTES = 6;
export const FIELDS = 7;
export const NAMES = 8;

// Texts cross as UTF-8, written natively into one array that is copied into wasm's memory before it is used
// again. A longer text, which only a hostile request makes, gets an array of its own.
export const encoder = new TextEncoder();
const scratch = new Uint8Array(32_768);
export function encoded(text) {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}
