// What a screen reader is told: ends and faults, not every percent.
import { useEffect, useRef, useState } from "preact/hooks";
import { name as readable } from "./format.js";
import { why } from "./words.js";

export function Told({ items, texts }) {
  const [text, setText] = useState("");
  const before = useRef(new Map());
  useEffect(() => {
    const news = [];
    for (const item of items) {
      const now = item.trouble === "offline" ? "offline" : item.state;
      if (before.current.get(item.id) === now) continue;
      before.current.set(item.id, now);
      if (now === "done") news.push(texts.told.done(readable(item.name)));
      if (now === "failed") news.push(texts.told.failed(readable(item.name), why(item, texts)));
      if (now === "offline" && !news.includes(texts.told.offline)) news.push(texts.told.offline);
    }
    if (news.length) setText(news.slice(-3).join(" "));
  }, [items]);
  return <p class="unseen" role="status">{text}</p>;
}
