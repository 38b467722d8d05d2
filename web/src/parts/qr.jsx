// A link as a QR code (ISO/IEC 18004), drawn here: no one else learns of the link.
import { useEffect, useState } from "preact/hooks";

/** The quiet zone around it, modules: readers need it. */
const QUIET = 4;

/** @param {{ value: string, label: string }} props */
export function Qr({ value, label }) {
  const [drawn, setDrawn] = useState(/** @type {{ size: number, path: string } | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    // Most people never ask for it: it is loaded when they do.
    import("lean-qr").then(({ generate }) => { if (isWanted) setDrawn(draw(generate(value))); });
    return () => { isWanted = false; };
  }, [value]);
  if (!drawn) return <div class="qr" />;
  return (
    <svg class="qr" viewBox={`0 0 ${drawn.size} ${drawn.size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={drawn.size} height={drawn.size} fill="#fff" />
      <path d={drawn.path} fill="#000" />
    </svg>
  );
}

/** Runs of dark modules, row by row. @param {{ size: number, get: (x: number, y: number) => boolean }} code */
function draw(code) {
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      const from = x;
      while (code.get(x, y)) x++;
      if (x > from) path += `M${from + QUIET} ${y + QUIET}h${x - from}v1h${from - x}z`;
    }
  }
  return { size: code.size + 2 * QUIET, path };
}
