/** Whether the texts are the same but for one letter that is more, less, another, or in its neighbour's place. */
export function isOneSlipAway(text: string, other: string): boolean {
  if (Math.abs(text.length - other.length) > 1) return false;
  let i = 0;
  while (i < text.length && text[i] === other[i]) i++;
  const rests = [
    [i, i],
    [i + 1, i],
    [i, i + 1],
    [i + 1, i + 1],
  ] as const;
  if (rests.some(([from, to]) => text.slice(from) === other.slice(to))) return true;
  const isSwapped = text[i] === other[i + 1] && text[i + 1] === other[i];
  return isSwapped && text.slice(i + 2) === other.slice(i + 2);
}
