// What every view may use: texts, the language, calls of the API, and a word to the person.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

/**
 * @typedef {object} App
 * @property {typeof import("../texts/en.js").default} texts
 * @property {string} lang
 * @property {import("../api/client.js").Call} call
 * @property {(words: string) => void} say shows it for a while, and reads it out
 * @property {boolean} isAway whether somebody has to sign in again before anything goes on
 * @property {(error: unknown) => string} why words for what went wrong
 */
export const AppContext = createContext(/** @type {any} */ (null));

/** @returns {App} */
export const useApp = () => useContext(AppContext);
