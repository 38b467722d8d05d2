// A field of a form with its label and, where it needs one, a sentence about it.
import { useId } from "preact/hooks";

/**
 * @param {{ label: string, what?: string, fault?: string, children: (ids: object) => any }} props the child is the field: it
 *   takes `id` and what describes it
 */
export function Field({ label, what, fault, children }) {
  const id = useId();
  const described = [what && `${id}-what`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return (
    <p class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": fault ? true : undefined })}
      {what && <span id={`${id}-what`} class="dim small">{what}</span>}
      {fault && <span id={`${id}-fault`} class="fault small">{fault}</span>}
    </p>
  );
}
