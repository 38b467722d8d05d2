// What this instance keeps of small objects: whole answers of 200, the least recently used leaving first. What
// may be kept and served is decided by the rules; this is the shelf.

// What an entry takes beside its bytes: its key, its fields, the map's own place for it.
const ENTRY_BYTES = 1_024;

export class Shelf {
  #entries = new Map();
  #left;

  // Room for so many bytes.
  constructor(bytes) {
    this.#left = bytes;
  }

  get(key) {
    const entry = this.#entries.get(key);
    if (entry) {
      // A Map keeps the order of insertion: to the end with it.
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  put(key, fields, bytes, at) {
    this.drop(key);
    this.#left -= bytes.byteLength + ENTRY_BYTES;
    this.#entries.set(key, { fields, bytes, at });
    for (const oldest of this.#entries.keys()) {
      if (this.#left >= 0) break;
      this.drop(oldest);
    }
  }

  drop(key) {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.#left += entry.bytes.byteLength + ENTRY_BYTES;
  }
}
