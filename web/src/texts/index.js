// All texts of the page, by language. Each feature's stand together; those of sending have files of their own.
import de from "./de.js";
import en from "./en.js";
import sendDe from "./send.de.js";
import sendEn from "./send.en.js";

/** @type {Record<string, typeof en & { send: typeof sendEn }>} */
export const TEXTS = { en: { ...en, send: sendEn }, de: { ...de, send: sendDe } };
