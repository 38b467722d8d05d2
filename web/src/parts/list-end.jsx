// What stands below a list: that it is being read, that it could not be, that there is nothing, or that there is more.
import { useApp } from "../app/context.js";

/** @param {{ list: any, nothing: any, shown?: number }} props `shown`: how many of those that were read are shown */
export function ListEnd({ list, nothing, shown = list.items.length }) {
  const { texts, why } = useApp();
  if (list.error) {
    return (
      <div role="alert" class="list-end">
        <p class="fault">{why(list.error)}</p>
        <button type="button" class="quiet" onClick={list.reload}>{texts.again}</button>
      </div>
    );
  }
  return (
    <div class="list-end">
      <p role="status" class="dim">{list.isLoading ? texts.loading : shown === 0 ? nothing : ""}</p>
      {list.next && !list.isLoading && <button type="button" class="quiet" onClick={list.more}>{texts.more}</button>}
    </div>
  );
}
