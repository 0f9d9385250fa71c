/** Does the same with each, at most so many at a time. @throws what one throws */
export async function fewAtOnce<Item>(most: number, items: Iterable<Item>, work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]();
  const one = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: most }, one));
}
