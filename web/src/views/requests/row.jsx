// One request of the list, and what has arrived by it.
import { useId, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { CopyButton } from "../../parts/copy.jsx";
import { Icon } from "../../parts/icon.jsx";
import { Time } from "../../parts/time.jsx";
import { bytes, name as readable } from "../../send-view/format.js";
import { Arrived } from "./arrived.jsx";

/** @param {{ link: any, queue: any, onClose: () => void }} props */
export function RequestRow({ link, queue, onClose }) {
  const { texts, lang } = useApp();
  const { requests, shares, files } = texts;
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const name = link.note ? readable(link.note) : requests.nameless;
  const isTaking = link.state === "open";
  return (
    <li class="row" data-state={link.state}>
      <span class="thumbnail"><Icon name="inbox" size={24} /></span>
      <div class="row-text">
        <p class="row-name"><bdi>{name}</bdi> <span class="badge" data-state={link.state}>{requests.states[link.state]}</span></p>
        <p class="facts dim small">
          <span>{requests.arrived(link.files, link.max_files)}</span>
          <span>{bytes(link.bytes, lang)}</span>
          <span>{isTaking ? shares.until : shares.endedAt} <Time at={link.expires_at} /></span>
        </p>
      </div>
      <p class="acts">
        {isTaking && link.link && <CopyButton quiet value={link.link} label={files.action(texts.copyLink, name)}>{texts.copyLink}</CopyButton>}
        <button
          type="button" class="quiet" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined}
          aria-label={files.action(isOpen ? requests.hide : requests.see, name)} onClick={() => setOpen(!isOpen)}
        >
          <Icon name="folder" /> <span>{isOpen ? requests.hide : requests.see}</span>
        </button>
        {isTaking && (
          <button type="button" class="quiet" aria-label={files.action(requests.close, name)} onClick={onClose}>
            <Icon name="revoke" /> <span>{requests.close}</span>
          </button>
        )}
      </p>
      {isOpen && <Arrived id={id} folder={link.folder} queue={queue} />}
    </li>
  );
}
