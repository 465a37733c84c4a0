// What makes a spreadsheet take a cell for a formula, in the forms of other alphabets too; it may overlook spaces.
const formula = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;
const plainNumber = /^[+-]\d+$/;

/** Whether a text means itself in a cell, whatever number of apostrophes goes before it. */
const needsApostrophe = (text: string) => text === '' || formula.test(text);
const withoutApostrophes = (text: string) => text.replace(/^'+/, '');

/**
 * The cell of a text in a call log of CSV. An apostrophe goes before what a spreadsheet would run as a formula, and
 * before nothing at all: an empty cell is null. Plain numbers are as they are, those of E.164 too.
 */
export function toCell(text: string): string {
  if (plainNumber.test(text)) return text;
  return needsApostrophe(withoutApostrophes(text)) ? `'${text}` : text;
}

/** The text of a cell that is not empty: the reverse of toCell, for every text. */
export function fromCell(cell: string): string {
  if (!cell.startsWith("'")) return cell;
  return needsApostrophe(withoutApostrophes(cell)) ? cell.slice(1) : cell;
}
