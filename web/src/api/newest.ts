/** Which of several answers to the same question counts? An answer that comes after one to a later question is old. */

/** Asks, and shows the answer unless that to a later question was shown already. A question that fails changes nothing. */
export function newest<T>(ask: () => Promise<T>, show: (answer: T) => void): () => Promise<void> {
  let asked = 0;
  let shown = 0;
  return async () => {
    const mine = ++asked;
    const answer = await ask().catch(() => null); // the connection's own state is shown elsewhere
    if (answer === null || mine < shown) return;
    shown = mine;
    show(answer);
  };
}
