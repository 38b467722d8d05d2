// A small picture of a file: of images themselves, once they come into view; of all others the icon of their type.
import PQueue from "p-queue";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { fileDownload } from "../../api/files.js";
import { Icon, kindOf } from "../../parts/icon.jsx";

/** Images that hold pixels and nothing that runs. */
const TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
/** The largest file that is fetched for a thumbnail. */
const MAX_BYTES = 4 * 1024 * 1024;
const loading = new PQueue({ concurrency: 3 });

export function Thumbnail({ file }) {
  const { call } = useApp();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [url, setUrl] = useState("");
  const isImage = TYPES.has(file.type) && file.size > 0 && file.size <= MAX_BYTES;

  useEffect(() => {
    if (!isImage) return;
    const asking = new AbortController();
    let made = "";
    const seen = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      seen.disconnect();
      loading.add(() => picture(call, file, asking.signal), { signal: asking.signal }).then(
        (blob) => setUrl((made = URL.createObjectURL(blob))),
        // Without it there is the icon.
        () => {},
      );
    }, { rootMargin: "200px" });
    seen.observe(place.current);
    return () => {
      seen.disconnect();
      asking.abort();
      URL.revokeObjectURL(made);
    };
  }, [call, file.id, isImage]);
  return (
    <span class="thumbnail" ref={place}>
      {url ? <img src={url} alt="" onError={() => setUrl("")} /> : <Icon name={kindOf(file.type)} size={24} />}
    </span>
  );
}

/** The bytes, called an image of the type that was looked at above: whatever they are, they are shown as nothing else. */
async function picture(call, file, signal) {
  const { download } = await fileDownload(call, file.id, { inline: true, signal });
  const reply = await fetch(download, { signal });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return new Blob([await reply.arrayBuffer()], { type: file.type });
}
