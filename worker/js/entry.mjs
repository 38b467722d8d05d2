// What the platform calls: the Worker, and the classes of its Durable Objects.
import { handle } from "./handle.mjs";

export { LinkCounter, TokenBucket } from "./counter.mjs";

export default { fetch: handle };
