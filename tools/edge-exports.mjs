// Writes the graph by which wasm-metadce drops what the edge never calls: bindgen exports every class of the `worker`
// crate, whether it is used or not. Usage: node edge-exports.mjs MODULE.wasm GRAPH.json
import { readFileSync, writeFileSync } from "node:fs";

const [, , module, graph] = process.argv;
const isOfClass = (name) => name.startsWith("__wbg_") || name.startsWith("intounderlying");
const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(module))).map(({ name }) => name);
const kept = names.filter((name) => !isOfClass(name));
const nodes = kept.map((name) => ({ name: `export ${name}`, export: name }));
writeFileSync(graph, JSON.stringify([{ name: "edge", root: true, reaches: nodes.map(({ name }) => name) }, ...nodes]));
