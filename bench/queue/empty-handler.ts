/** The least that a job can do. */
export function run(): Record<never, never> {
  return {};
}
