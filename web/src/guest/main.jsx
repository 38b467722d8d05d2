// The page of an upload link: guests send files, without an account.
import { render } from "preact";
import { createClient } from "../api/client.js";
import { language } from "./language.js";
import { GuestPage } from "./page.jsx";

const lang = language(navigator.languages);
document.documentElement.lang = lang;
// The token stays out of whatever the page could be asked to show or keep: only calls of the API carry it.
const token = decodeURIComponent(location.pathname.split("/").pop() ?? "");
const { call } = createClient({ base: "", token: () => token });
render(<GuestPage call={call} token={token} lang={lang} />, document.getElementById("page"));
