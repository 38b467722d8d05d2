// Instances of a package's functions, each a thread with a memory of its own that takes one event at a time.
import { Worker } from "node:worker_threads";

const MILLIS = { viewerRequest: 5_000, originRequest: 30_000, originResponse: 30_000 };

export class Instances {
  #folder;
  #idle = [];
  #waiting = [];
  #left;

  constructor(folder, most) {
    this.#folder = folder;
    this.#left = most;
  }

  // What the function answers to an event. Rejects as Lambda fails: the function threw, or was too slow.
  async call(name, event) {
    const instance = await this.#take();
    try {
      const answer = await instance.call(name, event);
      this.#giveBack(instance);
      return answer;
    } catch (error) {
      instance.end();
      this.#left++;
      this.#next();
      throw error;
    }
  }

  #take() {
    const instance = this.#idle.pop() ?? (this.#left > 0 ? this.#start() : undefined);
    if (instance) return Promise.resolve(instance);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start() {
    this.#left--;
    return new Instance(this.#folder);
  }

  #giveBack(instance) {
    const next = this.#waiting.shift();
    if (next) next(instance);
    else this.#idle.push(instance);
  }

  #next() {
    const next = this.#waiting.shift();
    if (next) next(this.#start());
  }
}

class Instance {
  #thread;

  constructor(folder) {
    this.#thread = new Worker(new URL("./instance.mjs", import.meta.url), { workerData: folder });
  }

  call(name, event) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(reject, new Error(`${name} takes longer than Lambda waits`)), MILLIS[name]);
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#thread.off("message", told);
        this.#thread.off("error", failed);
        settle(value);
      };
      const told = ({ answer, error }) => (error ? done(reject, new Error(error)) : done(resolve, answer));
      const failed = (error) => done(reject, error);
      this.#thread.on("message", told);
      this.#thread.on("error", failed);
      this.#thread.postMessage({ name, event });
    });
  }

  end() {
    this.#thread.terminate();
  }
}
