// A reply of the rules as a Response, where there is no request to log and no origin to read from.
import { NAMES, SET, STATUS } from "../../worker/js/lines.mjs";
import { wasm } from "./wasm.mjs";

export function plain(lines) {
  const headers = new Headers();
  const set = wasm.header_sets().split("\n\n")[lines[SET]].split("\n");
  for (let at = 0; at + 1 < set.length; at += 2) headers.set(set[at], set[at + 1]);
  const names = lines[NAMES] ? lines[NAMES].split(" ") : [];
  names.forEach((name, at) => headers.set(name, lines[NAMES + 1 + at]));
  return new Response(lines.slice(NAMES + 1 + names.length).join("\n"), { status: +lines[STATUS], headers });
}
