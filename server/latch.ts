/** Opens once, for good. */
export interface Latch {
  isOpen(): boolean;
  /** Resolves when it opens. */
  readonly opened: Promise<void>;
  open(): void;
}

export function createLatch(): Latch {
  let isOpen = false;
  let tell = () => {};
  const opened = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    isOpen: () => isOpen,
    opened,
    open() {
      isOpen = true;
      tell();
    },
  };
}
