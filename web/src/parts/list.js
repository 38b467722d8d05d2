// A list that comes in pages: the first at once, more when asked for. What is changed in place changes here.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/**
 * @param {(cursor: string | undefined, signal: AbortSignal) => Promise<{ items: any[], next_cursor?: string | null }>} load
 *   changes where the list is to begin anew
 */
export function usePages(load) {
  const empty = { items: /** @type {any[]} */ ([]), next: /** @type {string | null} */ (null), isLoading: true, error: /** @type {unknown} */ (null) };
  const [state, setState] = useState(empty);
  const asking = useRef(/** @type {AbortController | null} */ (null));

  const ask = useCallback(async (/** @type {string | undefined} */ cursor) => {
    asking.current?.abort();
    const { signal } = (asking.current = new AbortController());
    setState((now) => ({ ...now, isLoading: true, error: null }));
    try {
      const page = await load(cursor, signal);
      if (signal.aborted) return;
      setState((now) => ({
        items: cursor ? [...now.items, ...page.items] : page.items, next: page.next_cursor ?? null, isLoading: false, error: null,
      }));
    } catch (error) {
      if (!signal.aborted) setState((now) => ({ ...now, isLoading: false, error }));
    }
  }, [load]);
  useEffect(() => {
    ask();
    return () => asking.current?.abort();
  }, [ask]);

  return {
    ...state,
    more: () => state.next && ask(state.next),
    reload: () => ask(),
    replace: (item) => setState((now) => ({ ...now, items: now.items.map((one) => (one.id === item.id ? item : one)) })),
    remove: (id) => setState((now) => ({ ...now, items: now.items.filter((one) => one.id !== id) })),
    insert: (item) => setState((now) => ({ ...now, items: [item, ...now.items] })),
  };
}
