/** A wait is counted in slices: a pause of this process, with the answer unread in its socket, is one of them at most. */
export const SLICES = 5;

export interface Patience {
  /** Something came: the wait begins anew. */
  renew(): void;
  end(): void;
}

/** Calls `onOver` once when nothing came for `ms` milliseconds; where the event loop is busy, later. */
export function startPatience(ms: number, onOver: () => void): Patience {
  let slices = 0;
  let timer = setTimeout(look, ms / SLICES);

  function look(): void {
    slices++;
    if (slices === SLICES) onOver();
    else timer = setTimeout(look, ms / SLICES);
  }

  return {
    renew() {
      slices = 0;
    },
    end: () => clearTimeout(timer),
  };
}
