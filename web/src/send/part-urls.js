// URLs for parts: the first ones come with the grant, the others are asked for, and all of them in time.

/** How many are asked for at once. */
const BATCH = 50;
/** A URL is not used in its last seconds, milliseconds. */
const MARGIN = 30_000;

export class PartUrls {
  /** @type {Map<number, { url: string, until: number }>} */
  #known = new Map();
  /** @type {Promise<void> | null} */
  #asking = null;
  #ask;
  #count;
  #arrived;

  /**
   * @param {number} count how many parts there are
   * @param {Set<number>} arrived parts that need none; it grows
   * @param {(numbers: number[]) => Promise<{ parts: { number: number, url: string }[], expires_at: string }>} ask
   */
  constructor(count, arrived, ask) {
    this.#count = count;
    this.#arrived = arrived;
    this.#ask = ask;
  }

  /** @param {{ number: number, url: string }[]} parts @param {string} expiresAt */
  learn(parts, expiresAt) {
    const until = Date.parse(expiresAt);
    for (const { number, url } of parts) this.#known.set(number, { url, until });
  }

  /** A URL for the part that works now. @returns {Promise<string>} */
  async of(/** @type {number} */ number) {
    for (;;) {
      const known = this.#known.get(number);
      if (known && known.until - MARGIN > Date.now()) return known.url;
      // One question at a time, for this part and those behind it.
      if (this.#asking) await this.#asking;
      else await (this.#asking = this.#fetch(number).finally(() => { this.#asking = null; }));
      const fresh = this.#known.get(number);
      // A clock that is wrong, or a life shorter than the margin: what has just come is used.
      if (fresh && fresh !== known) return fresh.url;
    }
  }

  /** The URL was refused: all that came with it are as old. */
  refused(/** @type {number} */ number) {
    const until = this.#known.get(number)?.until;
    for (const [other, known] of this.#known) if (known.until === until) this.#known.delete(other);
  }

  async #fetch(/** @type {number} */ first) {
    const numbers = [first];
    // Those behind it, and then those before it.
    for (let step = 1; step < this.#count && numbers.length < BATCH; step++) {
      const number = ((first - 1 + step) % this.#count) + 1;
      if (!this.#known.has(number) && !this.#arrived.has(number)) numbers.push(number);
    }
    const { parts, expires_at } = await this.#ask(numbers);
    this.learn(parts, expires_at);
  }
}
