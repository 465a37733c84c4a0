import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// The catalogue itself is beside the repository where the project is developed, and nowhere else.
const catalogue = new URL('../../../../shared/cases.md', import.meta.url);
// Rows are in the first; in the others the titles of tests begin with the numbers of their cases.
const rows = new URL('.', import.meta.url);
const titles = ['..', '../../faults', '../../load'].map((path) => new URL(`${path}/`, rows));

it.skipIf(!existsSync(catalogue))('every case of the catalogue has a row, and no row another number', () => {
  const written = new Set([
    ...readSources(rows).flatMap((text) => [...text.matchAll(/\bcase: (\d+)\b/g)].map(([, n]) => Number(n))),
    ...titles
      .flatMap(readSources)
      .flatMap((text) => [...text.matchAll(/['`](\d{3}(?:, \d{3})*): /g)])
      .flatMap(([, numbers = '']) => numbers.split(', ').map(Number)),
  ]);
  const asked = [...readFileSync(catalogue, 'utf8').matchAll(/^\| (\d+) \|/gm)].map(([, number]) =>
    Number(number),
  );
  expect(asked.length).toBeGreaterThan(150);
  expect([...written].sort((x, y) => x - y)).toEqual(asked.sort((x, y) => x - y));
});

function readSources(folder: URL): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  return files.map((file) => readFileSync(new URL(file, folder), 'utf8'));
}
