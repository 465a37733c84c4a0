import { parseAccept } from 'hono/utils/accept';

/**
 * The offered media type that an Accept header prefers, by RFC 9110: the most specific range that matches an offer has
 * its weight, and a weight of 0 refuses it. Of equals the one named first wins, and without a header the first offer.
 * Null where the header refuses all of them.
 */
export function chooseMediaType<Offer extends string>(
  accept: string | null,
  offers: readonly [Offer, ...Offer[]],
): Offer | null {
  if (accept === null || accept === '*/*') return offers[0];
  const exact = offers.find((offer) => offer === accept);
  if (exact !== undefined) return exact;
  // Sorted by weight; of equal ones the order is that of the header.
  const ranges = parseAccept(accept).map(({ type, q }) => ({ type: type.toLowerCase(), q }));
  if (ranges.length === 0) return offers[0];
  let best: { offer: Offer; index: number } | null = null;
  for (const offer of offers) {
    const index = findRange(ranges, offer);
    if (index < 0 || ranges[index]?.q === 0) continue;
    if (best === null || index < best.index) best = { offer, index };
  }
  return best?.offer ?? null;
}

/** The index of the most specific range that holds the type; below 0 where none does. */
function findRange(ranges: readonly { readonly type: string }[], offer: string): number {
  const [group = ''] = offer.split('/');
  for (const names of [[offer], [`${group}/*`], ['*/*', '*']]) {
    const index = ranges.findIndex(({ type }) => names.includes(type));
    if (index >= 0) return index;
  }
  return -1;
}

const json = 'application/json';

/** Whether a Content-Type is JSON in UTF-8; other parameters of it mean nothing here. */
export function isUtf8Json(contentType: string): boolean {
  if (contentType === json) return true;
  // A media type with parameters is written as a range of Accept is.
  const [type, ...others] = parseAccept(contentType);
  if (type === undefined || others.length > 0 || type.type.toLowerCase() !== json) return false;
  const charsets = Object.entries(type.params).filter(([name]) => name.toLowerCase() === 'charset');
  return charsets.every(([, charset]) => /^utf-?8$/i.test(charset));
}
