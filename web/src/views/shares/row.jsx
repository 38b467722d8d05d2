// One link of the list.
import { useApp } from "../../app/context.js";
import { CopyButton } from "../../parts/copy.jsx";
import { Icon } from "../../parts/icon.jsx";
import { Time } from "../../parts/time.jsx";
import { name as readable } from "../../send-view/format.js";
import { usesOf } from "../share/uses.js";
import { nameOf } from "./name-of.js";

/** @param {{ share: any, onAct: (what: "details" | "extend" | "revoke") => void }} props */
export function ShareRow({ share, onAct }) {
  const { texts } = useApp();
  const { shares } = texts;
  const name = nameOf(share, shares);
  const act = (what, icon) => (
    <button type="button" class="quiet" aria-label={texts.files.action(shares[what], name)} onClick={() => onAct(what)}>
      <Icon name={icon} /> <span>{shares[what]}</span>
    </button>
  );
  const { state } = share;
  const isOver = state === "revoked" || state === "expired";
  const conditions = ["password", "networks", "countries"].filter((what) => share[what] === true || share[what]?.length > 0);
  return (
    <li class="row" data-state={state}>
      <span class="thumbnail"><Icon name={share.folder ? "folder" : "file"} size={24} /></span>
      <div class="row-text">
        <p class="row-name"><bdi>{name}</bdi> <span class="badge" data-state={state}>{shares.states[state]}</span></p>
        <p class="facts dim small">
          <span>{shares.downloads(usesOf(share), share.max_downloads)}</span>
          <span>
            {state === "revoked" ? shares.revokedAt : state === "expired" ? shares.endedAt : shares.until}{" "}
            <Time at={state === "revoked" && share.revoked_at ? share.revoked_at : share.expires_at} />
          </span>
          {conditions.map((what) => <span key={what}>{shares[what]}</span>)}
          {share.note && <bdi class="note">{readable(share.note)}</bdi>}
        </p>
      </div>
      <p class="acts">
        {!isOver && <CopyButton quiet value={share.link} label={texts.files.action(texts.copyLink, name)}>{texts.copyLink}</CopyButton>}
        {act("details", "settings")}
        {state === "active" && act("extend", "extend")}
        {!isOver && act("revoke", "revoke")}
      </p>
    </li>
  );
}
