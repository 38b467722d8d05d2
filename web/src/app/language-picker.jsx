// The languages, each by its own name.
import { useApp } from "./context.js";
import { TEXTS } from "../texts/index.js";

/** @param {{ lang: string, onPick: (lang: string) => void }} props */
export function LanguagePicker({ lang, onPick }) {
  const { texts } = useApp();
  return (
    <select class="language" aria-label={texts.language} value={lang} onChange={(event) => onPick(event.currentTarget.value)}>
      {Object.entries(TEXTS).map(([tag, { languageName }]) => <option key={tag} value={tag} lang={tag}>{languageName}</option>)}
    </select>
  );
}
