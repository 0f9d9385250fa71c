/** Runs at the first call alone; every call gives what that one gave. */
export function once<Result>(run: () => Result): () => Result {
  let called = false;
  let result: Result | undefined;
  return () => {
    if (!called) {
      called = true;
      result = run();
    }
    return result as Result;
  };
}
