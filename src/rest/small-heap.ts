import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8 reads it at each full collection; 0 is its own measure. */
const setGrowth = (percent: number) => setFlagsFromString(`--heap-growing-percent=${percent}`);
const growthPercent = 40;
let holders = 0;
let isFirst = true;

/**
 * Lets the heap grow by no more than 40 % between two full collections until the function that it gives is called. By
 * itself V8 lets it grow to four times what is live: the garbage of an export adds up to 80 MB before it is looked for.
 * An export takes no longer for it; many short requests would, by 5 to 10 %.
 */
export function holdHeapSmall(): () => void {
  if (holders === 0) setGrowth(growthPercent);
  if (isFirst) collect();
  isFirst = false;
  holders += 1;
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    holders -= 1;
    if (holders === 0) setGrowth(0);
  };
}

/** Until its first full collection, of some 30 ms, V8 goes by the limit that it began with. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}
