export function run() {
  throw new Error('the inner workings, not for the world');
}
