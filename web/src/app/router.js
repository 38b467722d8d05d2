// Which view is shown: the part of the address after `#/`. Nothing of it is sent to the server.
import { useEffect, useState } from "preact/hooks";

export const VIEWS = ["send", "files", "shares", "requests"];

/** The view that the address names, the first for any other. */
export function viewOf(/** @type {string} */ hash) {
  const name = hash.replace(/^#\/?/, "").split(/[/?]/)[0];
  return VIEWS.includes(name) ? name : VIEWS[0];
}

export function useView() {
  const [view, setView] = useState(viewOf(location.hash));
  useEffect(() => {
    const changed = () => setView(viewOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return view;
}
