// The upload engine: see `queue.js`. It shows nothing; `send-view/` does.
export { createQueue } from "./queue.js";
export { bringsFiles, gather } from "./gather.js";
