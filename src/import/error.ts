/** Why an import did nothing, for the person who ran it: names lines and columns, never holds a value of the file. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

export const badFile = (reason: string) => new ImportError(`${reason} Nothing was imported.`);

export const badRow = (line: number, reason: string) =>
  new ImportError(`Line ${line} ${reason}. Nothing was imported.`);

export const badCell = (line: number, column: string, reason: string) =>
  new ImportError(`Line ${line}, column ${column}: ${reason}. Nothing was imported.`);
