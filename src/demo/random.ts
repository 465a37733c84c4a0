/** A pseudo-random sequence (mulberry32): the same seed gives the same demo, but for when it is. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, end). */
  below(end: number): number;
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  /** A UUID of version 4. */
  uuid(): string;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number) => Math.floor(next() * end);
  const hex = () =>
    below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return {
    next,
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    uuid: () => {
      const digits = hex() + hex() + hex() + hex();
      const variant = '89ab'[below(4)];
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
    },
  };
}
