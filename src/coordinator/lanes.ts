/** Runs `action` on all items, several at a time, in their order. Rejects with the first failure, when lanes have ended. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, lanes) }, lane));
}
