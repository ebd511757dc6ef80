// Fake time: timers fire in order as soon as nothing else is left to do.

const { setTimeout: realTimeout, clearTimeout: realClear, setImmediate } = globalThis;
const realNow = Date.now;
const longest = 2 ** 31 - 1; // what Node's timers hold, in ms

export class Clock {
  #timers = new Map();
  #made = 0;
  now = 0; // ms

  install() {
    const begin = Math.ceil(realNow() / 1000) * 1000; // a whole second, as dates in headers are
    Date.now = () => begin + this.now;
    globalThis.setTimeout = (f, ms, ...args) => {
      ms = ms >= 1 && ms <= longest ? Number(ms) : 1; // as Node does
      const timer = { id: ++this.#made, at: this.now + ms, f, args, unref: () => timer, ref: () => timer, hasRef: () => true };
      this.#timers.set(timer.id, timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => this.#timers.delete(timer?.id) || realClear(timer);
  }

  uninstall() {
    Date.now = realNow;
    globalThis.setTimeout = realTimeout;
    globalThis.clearTimeout = realClear;
  }

  // settle returns how promise ended, with time passing as it is waited for.
  async settle(promise) {
    let ended;
    promise.then((value) => (ended = { value }), (error) => (ended = { error }));
    for (;;) {
      for (let i = 0; i < 10 && !ended; i++) await new Promise(setImmediate);
      if (ended) return ended;
      const next = [...this.#timers.values()].sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!next) throw new Error('nothing left that could end it');
      this.#timers.delete(next.id);
      this.now = next.at;
      next.f(...next.args);
    }
  }
}
