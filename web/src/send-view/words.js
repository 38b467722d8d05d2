// What is said about a file that is not on its way.

/** @param {import("../send/queue.js").Item} item */
export function why(item, texts) {
  if (item.error) {
    const words = texts.errors[item.error.code] ?? texts.errors.internal;
    return typeof words === "function" ? words(item.error.detail) : words;
  }
  return item.trouble ? texts.troubles[item.trouble] ?? "" : "";
}
