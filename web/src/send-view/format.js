// Sizes, times and names as people read them.

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** `1.5 GB`. */
export function bytes(/** @type {number} */ count, /** @type {string} */ lang) {
  let unit = 0;
  for (; count >= 999.5 && unit < UNITS.length - 1; unit++) count /= 1_000;
  const digits = unit > 0 && count < 9.95 ? 1 : 0;
  return new Intl.NumberFormat(lang, {
    style: "unit", unit: UNITS[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: digits,
  }).format(count);
}

/** `2 min`; no more exact than it can be known. */
export function duration(/** @type {number} */ seconds, /** @type {string} */ lang) {
  const [unit, size] = seconds < 60 ? ["second", 1] : seconds < 5_400 ? ["minute", 60] : ["hour", 3_600];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "short" }).format(Math.ceil(seconds / size));
}

export function moment(/** @type {number} */ milliseconds, /** @type {string} */ lang) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" }).format(milliseconds);
}

/** A name without the characters that turn the direction of text around: `gpj.exe` is not to look like `exe.jpg`. */
export function name(/** @type {string} */ raw) {
  return raw.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
