// The texts of the guest's page in the language that the browser asks for.
import de from "../texts/send.de.js";
import en from "../texts/send.en.js";

/** @type {Record<string, typeof en>} */
export const TEXTS = { en, de };

/** The first of the browser's languages that there are texts in. */
export function language(/** @type {readonly string[]} */ wanted) {
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in TEXTS) ?? "en";
}
