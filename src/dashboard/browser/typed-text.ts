/** A whole number has more digits than that; fewer begin one. */
const beginningDigitsMax = 6;
/** Without a plus: as long as only numbers with a country code are. */
const countryDigitsMin = 11;

/**
 * A telephone number as people write it, in the form that the filter takes: E.164, or a prefix that ends in `*`.
 * Null where the country code is missing, and for what is no number.
 */
export function parseNumber(text: string): string | null {
  const plain = text
    .normalize('NFKC')
    .replace(/^\s*tel:/i, '')
    .replaceAll('(0)', '')
    .replace(/[\p{Cf}\p{Pd}\s().,/·[\]]/gu, '');
  const [, code = '', digits = '', star = ''] = /^(\+|00)?([1-9]\d*)(\*?)$/.exec(plain) ?? [];
  if (digits === '' || digits.length > 15) return null;
  if (code === '' && digits.length < countryDigitsMin) return null;
  return `+${digits}${digits.length <= beginningDigitsMax ? '*' : star}`;
}

/** Whole seconds: 90, 90 s, 1,000. Null for anything else. */
export function parseSeconds(text: string): string | null {
  const [, digits] = /^0*(\d{1,9})s?$/i.exec(text.replace(/[\s,_'’]/g, '')) ?? [];
  return digits ?? null;
}
