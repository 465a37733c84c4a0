import { setImmediate as nextTurn } from 'node:timers/promises';
import { isPromise } from './members.ts';

type Complete = (value: unknown, i: number) => unknown;

// Longer than any page: only a trend has as many.
const turnItems = 250;

/**
 * Completes the items of a list in their order; a promise where one of them is one, or there are very many. Every
 * promise among them has a handler before an error is thrown: a rejection without one would end the process.
 */
export function completeItems(list: Iterable<unknown>, complete: Complete): unknown[] | Promise<unknown[]> {
  if (Array.isArray(list) && list.length > turnItems) return completeInTurns(list, complete);
  const items: unknown[] = [];
  let hasPromise = false;
  try {
    for (const value of list) {
      const completed = complete(value, items.length);
      hasPromise ||= isPromise(completed);
      items.push(completed);
    }
  } catch (error) {
    handleRejections(items);
    // Those of the list itself that were not reached yet.
    if (Array.isArray(list)) handleRejections(list);
    throw error;
  }
  return hasPromise ? Promise.all(items) : items;
}

/** Lets other requests have their turn now and then: ten thousand points take a third of a second. */
async function completeInTurns(list: readonly unknown[], complete: Complete): Promise<unknown[]> {
  // Any of them may reject before its turn comes.
  handleRejections(list);
  const items: unknown[] = [];
  for (const value of list) {
    if (items.length > 0 && items.length % turnItems === 0) await nextTurn();
    const completed = complete(value, items.length);
    // It may fail before the list is whole, when nobody waits for it yet.
    handleRejections([completed]);
    items.push(completed);
  }
  return await Promise.all(items);
}

function handleRejections(values: readonly unknown[]): void {
  for (const value of values) if (isPromise(value)) value.then(undefined, () => {});
}
