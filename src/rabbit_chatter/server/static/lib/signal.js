// A value that views look at: they are drawn again when it changes.
import { useEffect, useState } from "../vendor/ui.js";

export class Signal {
  changes = 0;
  #listeners = new Set();

  constructor(value) {
    this.value = value;
  }

  set(value) {
    if (value === this.value) return;
    this.value = value;
    this.changed();
  }

  /** Tell everybody, also where the same object has other content now. */
  changed() {
    this.changes += 1;
    for (const listener of this.#listeners) listener();
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Return a signal's value, and draw again when it changes. */
export function useSignal(signal) {
  const [, draw] = useState(0);
  const { changes } = signal;
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    if (signal.changes !== changes) again(); // between the drawing and now
    return signal.listen(again);
  }, [signal]);
  return signal.value;
}
