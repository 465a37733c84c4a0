export type CopyValue = string | number | null;

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Rows in the text format of COPY (PostgreSQL, "COPY", File Formats): tabs between values, `\N` for null. */
export function toCopyText(rows: Iterable<readonly CopyValue[]>): string {
  let text = '';
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      text += i === 0 ? '' : '\t';
      text += typeof value === 'string' ? escapeValue(value) : (value ?? '\\N');
    }
    text += '\n';
  }
  return text;
}

function escapeValue(value: string): string {
  return special.test(value) ? value.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? '') : value;
}
