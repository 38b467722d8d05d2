// The page of the account: signs in, then shows the shell.
import { render } from "preact";
import "../style/page.css";
import "../style/app.css";
import "../style/lists.css";
import { createSession } from "../session/session.js";
import { Root } from "./root.jsx";

const session = createSession({ tab: sessionStorage, device: localStorage });
render(<Root session={session} />, document.getElementById("page"));
