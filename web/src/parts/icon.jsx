// Small pictures, drawn with lines of the text's colour. They only decorate: what they mean stands beside them in words.

/** @type {Record<string, string>} paths in a square of 24 */
const PATHS = {
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  done: "M5 12.5 10 17.5 19 7.5",
  download: "M12 4v11m-5-4.5 5 5 5-5M5 20h14",
  share: "M10 14 20 4m0 0h-6m6 0v6M18 14v6H4V6h6",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4v6M6 14v6",
  revoke: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M6 6l12 12",
  extend: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 4v5l3 3",
  rename: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  remove: "M4 7h16M9 7V4h6v3m-9 0 1 13h10l1-13",
  qr: "M4 4h6v6H4zm10 0h6v6h-6zM4 14h6v6H4zm10 0h2v2h-2zm4 4h2v2h-2z",
  inbox: "M4 13v6h16v-6M4 13l3-8h10l3 8M4 13h5a3 3 0 0 0 6 0h5",
  folder: "M3 6h6l2 2h10v11H3z",
  image: "M4 5h16v14H4zm0 11 5-5 4 4 3-3 4 4M15 9h.01",
  film: "M4 5h16v14H4zM8 5v14m8-14v14M4 9.5h4m8 0h4m-16 5h4m8 0h4",
  sound: "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0m10-2a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0",
  text: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6m-6 4h6",
  archive: "M4 8h16v12H4zM3 4h18v4H3zm7 8h4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  drop: "M12 4v11m-5-4.5 5 5 5-5M5 20h14",
};

/** @param {{ name: string, size?: number }} props */
export function Icon({ name, size = 20 }) {
  return (
    <svg
      class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The icon of a media type. */
export function kindOf(/** @type {string} */ type) {
  const [family, kind = ""] = type.toLowerCase().split(";")[0].split("/");
  if (family === "image") return "image";
  if (family === "video") return "film";
  if (family === "audio") return "sound";
  if (family === "text" || /pdf|document|msword|rtf|json|xml/.test(kind)) return "text";
  if (/zip|tar|compressed|7z|rar|gzip/.test(kind)) return "archive";
  return "file";
}
