// The account's links: what they lead to, whether they work, how they are used.
import { useCallback, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { changeShare, listShares, revokeShare } from "../../api/shares.js";
import { Confirm } from "../../parts/confirm.jsx";
import { Field } from "../../parts/field.jsx";
import { usePages } from "../../parts/list.js";
import { ListEnd } from "../../parts/list-end.jsx";
import { moment } from "../../send-view/format.js";
import { ShareDialog } from "../share/share-dialog.jsx";
import { nameOf } from "./name-of.js";
import { ShareRow } from "./row.jsx";

const PAGE = 50;
const EXTENSION = 7 * 86_400_000;

/** @type {Record<string, (share: any) => boolean>} */
const FILTERS = { all: () => true, active: ({ state }) => state === "active", ended: ({ state }) => state !== "active" };

export function SharesView() {
  const { texts: { shares: texts }, call, say, why, lang } = useApp();
  const [filter, setFilter] = useState("all");
  const [open, setOpen] = useState(/** @type {{ what: string, share: any } | null} */ (null));
  const load = useCallback((cursor, signal) => listShares(call, { cursor, limit: PAGE }, { signal }), [call]);
  const list = usePages(load);

  const close = () => setOpen(null);
  const extend = async (share) => {
    try {
      const until = new Date(Date.parse(share.expires_at) + EXTENSION).toISOString().replace(/\.\d+/, "");
      const now = await changeShare(call, share.id, { expires_at: until });
      list.replace(now);
      say(texts.extended(moment(Date.parse(now.expires_at), lang)));
    } catch (error) {
      say(why(error));
    }
  };
  const revoke = async (share) => {
    await revokeShare(call, share.id);
    list.replace({ ...share, state: "revoked", revoked_at: new Date().toISOString() });
    say(texts.revoked);
  };
  const act = (what, share) => (what === "extend" ? extend(share) : setOpen({ what, share }));
  const shown = list.items.filter(FILTERS[filter]);
  return (
    <>
      <h1>{texts.title}</h1>
      <div class="tools">
        <Field label={texts.filter}>
          {(ids) => (
            <select {...ids} value={filter} onChange={(event) => setFilter(event.currentTarget.value)}>
              {Object.entries(texts.filters).map(([key, words]) => <option key={key} value={key}>{words}</option>)}
            </select>
          )}
        </Field>
      </div>
      <ul class="rows">{shown.map((share) => <ShareRow key={share.id} share={share} onAct={(what) => act(what, share)} />)}</ul>
      <ListEnd list={list} shown={shown.length} nothing={list.items.length ? texts.noneShown : texts.none} />
      {open?.what === "details" && <ShareDialog share={open.share} name={nameOf(open.share, texts)} onChanged={list.replace} onClose={close} />}
      {open?.what === "revoke" && (
        <Confirm
          title={texts.revokeTitle} words={<bdi>{texts.revokeWhat(nameOf(open.share, texts))}</bdi>} act={texts.revoke}
          onAct={() => revoke(open.share)} onClose={close}
        />
      )}
    </>
  );
}
