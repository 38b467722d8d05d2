// Files that were added together lie in one folder, so that one link can hold them all.
import PQueue from "p-queue";

export class Group {
  id = crypto.randomUUID();
  /** The folder as the API names it, once the first file was granted. @type {string | null} */
  #folder = null;
  /** What a share names the folder by. @type {string | null} */
  key = null;
  #first = new PQueue({ concurrency: 1 });

  /** @param {number} count how many files @param {boolean} shared whether they may lie in one folder: not a guest's */
  constructor(count, shared) {
    this.count = count;
    this.shared = shared && count > 1;
  }

  /**
   * Has a file granted in the folder. The first grant names it; the others wait for that one only.
   * @param {(folder: string | null) => Promise<any>} grant
   */
  join(grant) {
    if (!this.shared) return grant(null);
    if (this.#folder) return grant(this.#folder);
    return this.#first.add(async () => {
      const granted = await grant(this.#folder);
      if (!this.#folder) {
        this.#folder = granted.folder;
        this.key = granted.key.slice(0, granted.key.indexOf(granted.folder) + granted.folder.length);
      }
      return granted;
    });
  }
}
