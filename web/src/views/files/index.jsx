// The account's files: searched, sorted, downloaded, shared, renamed, deleted.
import { useCallback, useEffect, useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { deleteFile, listFiles } from "../../api/files.js";
import { Confirm } from "../../parts/confirm.jsx";
import { Field } from "../../parts/field.jsx";
import { usePages } from "../../parts/list.js";
import { ListEnd } from "../../parts/list-end.jsx";
import { name as readable } from "../../send-view/format.js";
import { ShareDialog } from "../share/share-dialog.jsx";
import { FileRow } from "./row.jsx";
import { RenameDialog } from "./rename-dialog.jsx";
import { SORTS } from "./sorts.js";

/** One page of a list; and the most that one call gives, for an order that the service does not have. */
const PAGE = 50;
const MANY = 200;
/** Milliseconds after the last key. */
const PAUSE = 300;

export function FilesView({ queue, onChanged }) {
  const { texts: { files: texts }, call, say } = useApp();
  const [typed, setTyped] = useState("");
  const [name, setName] = useState("");
  const [sort, setSort] = useState("newest");
  const [open, setOpen] = useState(/** @type {{ what: string, file: any } | null} */ (null));
  useEffect(() => {
    const timer = setTimeout(() => setName(typed.trim()), PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  const limit = sort === "newest" ? PAGE : MANY;
  const load = useCallback((cursor, signal) => listFiles(call, { cursor, name, limit }, { signal }), [call, name, limit]);
  const list = usePages(load);

  const close = () => setOpen(null);
  const remove = async (file) => {
    await deleteFile(call, file.id);
    list.remove(file.id);
    say(texts.removed(readable(file.name)));
    onChanged();
  };
  const renamed = (file) => {
    list.replace(file);
    say(texts.renamed(readable(file.name)));
  };
  return (
    <>
      <h1>{texts.title}</h1>
      <form class="tools" role="search" onSubmit={(event) => { event.preventDefault(); setName(typed.trim()); }}>
        <Field label={texts.search}>
          {(ids) => <input {...ids} type="search" value={typed} maxLength={200} onInput={(event) => setTyped(event.currentTarget.value)} />}
        </Field>
        <Field label={texts.sort}>
          {(ids) => (
            <select {...ids} value={sort} onChange={(event) => setSort(event.currentTarget.value)}>
              {Object.entries(texts.sorts).map(([key, words]) => <option key={key} value={key}>{words}</option>)}
            </select>
          )}
        </Field>
      </form>
      {sort !== "newest" && list.next && <p class="dim small">{texts.sortedSome(list.items.length)}</p>}
      <ul class="rows">
        {list.items.toSorted(SORTS[sort]).map((file) => (
          <FileRow key={file.id} file={file} queue={queue} onAct={(what) => setOpen({ what, file })} />
        ))}
      </ul>
      <ListEnd list={list} nothing={name ? texts.noneFound : texts.none} />
      {open?.what === "share" && <ShareDialog what={{ key: open.file.key }} name={readable(open.file.name)} onClose={close} />}
      {open?.what === "rename" && <RenameDialog file={open.file} onRenamed={renamed} onClose={close} />}
      {open?.what === "remove" && (
        <Confirm
          title={texts.removeTitle} words={<bdi>{texts.removeWhat(readable(open.file.name))}</bdi>} act={texts.remove}
          onAct={() => remove(open.file)} onClose={close}
        />
      )}
    </>
  );
}
