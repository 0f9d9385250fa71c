/** Computes for ever and looks at no signal. */
export function run() {
  for (;;) Math.sqrt(2);
}
