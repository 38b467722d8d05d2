// Another name for a file.
import { useState } from "preact/hooks";
import { useApp } from "../../app/context.js";
import { renameFile } from "../../api/files.js";
import { Dialog } from "../../parts/dialog.jsx";
import { Field } from "../../parts/field.jsx";

/** @param {{ file: any, onRenamed: (file: any) => void, onClose: () => void }} props */
export function RenameDialog({ file, onRenamed, onClose }) {
  const { texts, call, why } = useApp();
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const { name } = event.currentTarget.elements;
    if (!name.value.trim()) {
      setFault(texts.files.noName);
      return name.focus();
    }
    setBusy(true);
    try {
      onRenamed(await renameFile(call, file.id, name.value.trim()));
      onClose();
    } catch (error) {
      setFault(why(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={texts.files.renameTitle} close={texts.close} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Field label={texts.files.newName} fault={fault}>
          {(ids) => <input {...ids} name="name" defaultValue={file.name} maxLength={255} spellcheck={false} />}
        </Field>
        <p class="act">
          <button disabled={busy}>{texts.files.save}</button>
          <button type="button" class="quiet" onClick={onClose}>{texts.cancel}</button>
        </p>
      </form>
    </Dialog>
  );
}
