// Has the browser save a file from its link.

/** @param {string} url @param {{ apart: boolean }} options `apart`: beside this page, which is not to be left now */
export function save(url, { apart }) {
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noopener noreferrer";
  if (apart) link.target = "_blank";
  link.click();
}
