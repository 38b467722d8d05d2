// One instance: loads the package as Lambda does, and answers its events in turn.
import { parentPort, workerData } from "node:worker_threads";
import { pathToFileURL } from "node:url";

const loaded = import(pathToFileURL(`${workerData}/index.mjs`).href);

parentPort.on("message", async ({ name, event }) => {
  try {
    const functions = await loaded;
    parentPort.postMessage({ answer: JSON.parse(JSON.stringify(await functions[name](event))) });
  } catch (error) {
    parentPort.postMessage({ error: String(error?.stack ?? error) });
  }
});
