// What happens when a form is submitted: first its faults are named, then it is sent, once at a time.
import { useState } from "preact/hooks";
import { useApp } from "../app/context.js";

/**
 * @template T
 * @param {{ valuesOf: (form: HTMLFormElement) => T, faultsOf: (values: T) => Record<string, string>,
 *   send: (values: T) => Promise<void> }} form `faultsOf` names the fields in the order in which they stand
 * @returns {{ submit: (event: SubmitEvent) => Promise<void>, faults: Record<string, string>, said: string, busy: boolean }}
 *   the faults of its fields, why it could not be sent, and whether it is being sent
 */
export function useSubmit({ valuesOf, faultsOf, send }) {
  const { why } = useApp();
  const [faults, setFaults] = useState(/** @type {Record<string, string>} */ ({}));
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const values = valuesOf(form);
    const found = faultsOf(values);
    setFaults(found);
    setSaid("");
    const [first] = Object.keys(found);
    if (first) return form.elements[first].focus();
    setBusy(true);
    try {
      await send(values);
    } catch (error) {
      setSaid(why(error));
    }
    setBusy(false);
  };
  return { submit, faults, said, busy };
}
