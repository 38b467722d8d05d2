// Speed and time left, over the last seconds: an average over the whole would not tell that the line has got slow.

const WINDOW = 8_000;

export class Meter {
  /** @type {[number, number][]} */
  #samples = [];

  /** @param {number} bytes all that has gone so far @param {number} [now] */
  note(bytes, now = performance.now()) {
    const last = this.#samples.at(-1);
    // What has to be sent again makes the count fall: the speed starts anew.
    if (last && bytes < last[1]) this.#samples = [];
    this.#samples.push([now, bytes]);
    while (this.#samples.length > 2 && now - this.#samples[1][0] > WINDOW) this.#samples.shift();
  }

  reset() {
    this.#samples = [];
  }

  /** Milliseconds since the count last grew. */
  silence(now = performance.now()) {
    const last = this.#samples.at(-1);
    return last ? now - last[0] : 0;
  }

  /** Bytes a second; 0 while it is not known. */
  speed(now = performance.now()) {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || this.#samples.length < 2 || now - first[0] < 500) return 0;
    return Math.max(0, (last[1] - first[1]) / ((now - first[0]) / 1_000));
  }

  /** @returns {number | null} seconds; null while they are not known */
  secondsLeft(/** @type {number} */ bytes, now = performance.now()) {
    const speed = this.speed(now);
    return speed > 0 ? Math.ceil(bytes / speed) : null;
  }
}
