// The language of the page: the person's choice, or the first of the browser's that there are texts in.
import { TEXTS } from "../texts/index.js";

const KEPT = "clouddrop.language";

/** @returns {string} */
export function language() {
  const kept = localStorage.getItem(KEPT);
  if (kept && kept in TEXTS) return kept;
  return navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in TEXTS) ?? "en";
}

export function keepLanguage(/** @type {string} */ lang) {
  localStorage.setItem(KEPT, lang);
}
