// The link to files that have just arrived.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { moment, name as readable } from "../../send-view/format.js";
import { LinkBox } from "../share/link-box.jsx";
import { ShareDialog } from "../share/share-dialog.jsx";

/** @param {{ link: import("./sent-links.js").SentLink, links: any }} props */
export function SentLink({ link, links }) {
  const { texts: { sendView: texts, again }, why, lang } = useApp();
  const [isOpen, setOpen] = useState(false);
  const name = link.count === 1 ? readable(link.name) : texts.set(link.count);
  const { state, share, missing } = link;
  return (
    <section class="sent-link" aria-label={texts.ready(name)}>
      <div role="status">
        {state === "making" && <p>{texts.making}</p>}
        {state === "ready" && <h2><bdi>{texts.ready(name)}</bdi></h2>}
      </div>
      {state === "ready" && (
        <>
          <LinkBox share={share} name={name}>
            <button type="button" class="quiet" onClick={() => setOpen(true)}>{texts.change}</button>
          </LinkBox>
          <p class="dim small">{texts.until(moment(Date.parse(share.expires_at), lang))} {missing > 0 && texts.arriving(missing)}</p>
        </>
      )}
      {state === "offered" && <p class="act"><bdi>{name}</bdi><button type="button" onClick={() => links.make(link.id)}>{texts.makeNow}</button></p>}
      {state === "failed" && (
        <div role="alert">
          <p class="fault">{texts.failed} {why(link.error)}</p>
          <p class="act"><button type="button" class="quiet" onClick={() => links.make(link.id)}>{again}</button></p>
        </div>
      )}
      {isOpen && <ShareDialog share={share} name={name} onChanged={(now) => links.changed(link.id, now)} onClose={() => setOpen(false)} />}
    </section>
  );
}
