import { expect } from 'vitest';

export interface PageArguments {
  readonly first?: number;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
  readonly offset?: number;
}

export interface LoadedPage {
  readonly nodes: readonly { readonly uuid: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export type LoadPage = (args: PageArguments) => Promise<LoadedPage>;

/** `after` from the top, `before` from the end, or `offset` from the top. */
export type Way = 'after' | 'before' | 'offset';

const pagesMax = 5_000;

/** Loads page after page until the list says that there is no more; `between` runs after each but the last. */
export async function walk(
  load: LoadPage,
  way: Way,
  size: number,
  between: (page: LoadedPage) => Promise<void> = async () => {},
): Promise<LoadedPage[]> {
  const pages: LoadedPage[] = [];
  while (pages.length < pagesMax) {
    const page = await load(toArguments(way, size, pages));
    pages.push(page);
    const { hasNextPage, hasPreviousPage } = page.pageInfo;
    if (!(way === 'before' ? hasPreviousPage : hasNextPage)) return pages;
    await between(page);
  }
  throw new Error(`The list has no end: ${pagesMax} pages of ${size} by ${way}.`);
}

function toArguments(way: Way, size: number, pages: readonly LoadedPage[]): PageArguments {
  const info = pages.at(-1)?.pageInfo;
  switch (way) {
    case 'after':
      return { first: size, after: info?.endCursor ?? null };
    case 'before':
      return { last: size, before: info?.startCursor ?? null };
    case 'offset':
      return { first: size, offset: pages.length * size };
  }
}

/** The ids of the pages in the order of the list. */
export function toIds(pages: readonly LoadedPage[], way: Way): string[] {
  const inOrder = way === 'before' ? pages.toReversed() : pages;
  return inOrder.flatMap(({ nodes }) => nodes.map(({ uuid }) => uuid));
}

/** Walks the whole list and expects each of `ids` once and in order, full pages, and right words about neighbours. */
export async function expectWalk(load: LoadPage, way: Way, size: number, ids: readonly string[]) {
  const pages = await walk(load, way, size);
  const title = `pages of ${size} by ${way}`;
  expect(toIds(pages, way), title).toEqual(ids);
  const last = pages.length - 1;
  const expected = pages.map((_, i) => ({
    count: i < last ? size : ids.length - last * size,
    hasNextPage: way === 'before' ? i > 0 : i < last,
    hasPreviousPage: way === 'before' ? i < last : i > 0,
  }));
  const actual = pages.map(({ nodes, pageInfo: { hasNextPage, hasPreviousPage } }) => ({
    count: nodes.length,
    hasNextPage,
    hasPreviousPage,
  }));
  expect(actual, title).toEqual(expected);
}
