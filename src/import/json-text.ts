const structure = new Set('{}[]:,');
const spaces = new Set(' \t\n\r');
// As deep as answers and exports write values.
const depthMax = 512;

type Visit = (kind: string, from: number, to: number) => void;

/** Visits the tokens of JSON text in one pass, whatever its depth; a token's first character is its kind. */
function forEachToken(text: string, visit: Visit): void {
  for (let at = 0; at < text.length; ) {
    const kind = text.charAt(at);
    let end = at + 1;
    if (kind === '"') end = findStringEnd(text, at);
    else if (!structure.has(kind) && !spaces.has(kind)) end = findWordEnd(text, at);
    if (!spaces.has(kind)) visit(kind, at, end);
    at = end;
  }
}

function findStringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function findWordEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && !structure.has(text.charAt(at)) && !spaces.has(text.charAt(at))) at++;
  return at;
}

/**
 * The text of a member's value, as it is in the text of an object: JSON.parse would round its numbers. As in JSON.parse
 * the last member of a name counts. The text must be valid JSON.
 */
export function findMemberText(object: string, name: string): string | undefined {
  let depth = 0;
  let key = '';
  let valueFrom = 0;
  let found: string | undefined;
  forEachToken(object, (kind, from, to) => {
    if (depth === 1 && kind === '"' && valueFrom === 0) key = object.slice(from, to);
    if (depth === 1 && kind === ':') valueFrom = to;
    if (depth === 1 && (kind === ',' || kind === '}') && valueFrom > 0) {
      if (JSON.parse(key) === name) found = object.slice(valueFrom, from).trim();
      valueFrom = 0;
    }
    if (kind === '{' || kind === '[') depth++;
    if (kind === '}' || kind === ']') depth--;
  });
  return found;
}

/** Why a text cannot be stored as JSON and read again, for the person who imports it; null where it can. */
export function findJsonFault(text: string): string | null {
  let depth = 0;
  let deepest = 0;
  let isKept = true;
  forEachToken(text, (kind, from, to) => {
    if (kind === '{' || kind === '[') deepest = Math.max(deepest, ++depth);
    if (kind === '}' || kind === ']') depth--;
    if (kind === '-' || (kind >= '0' && kind <= '9')) isKept &&= isKeptNumber(text.slice(from, to));
  });
  // First: what is deeper cannot be written anew below.
  if (deepest > depthMax) return `must not be nested deeper than ${depthMax} levels`;
  if (!isKept) return 'holds a number that is too large or too small to be read again';
  return isStorable(text) ? null : 'must be JSON, without characters that cannot be stored';
}

/** Readers take numbers as JavaScript does: beyond its range they would find null or 0. */
function isKeptNumber(digits: string): boolean {
  const value = Number(digits);
  if (value === 0) return !/[1-9]/.test(digits.replace(/e.*$/i, ''));
  return Number.isNaN(value) || Number.isFinite(value);
}

function isStorable(json: string): boolean {
  try {
    // Written anew, \u escapes are left for control characters and halves of surrogate pairs only.
    return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(JSON.parse(json)));
  } catch {
    return false;
  }
}
