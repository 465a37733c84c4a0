import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// The catalogue itself is beside the repository where the project is developed, and nowhere else.
const catalogue = new URL('../../../../shared/cases.md', import.meta.url);
const folder = new URL('.', import.meta.url);

it.skipIf(!existsSync(catalogue))('every case of the catalogue has a row, and no row another number', () => {
  const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const written = new Set(
    sources.flatMap((source) => [...source.matchAll(/\bcase: (\d+)\b/g)].map(([, number]) => Number(number))),
  );
  const asked = [...readFileSync(catalogue, 'utf8').matchAll(/^\| (\d+) \|/gm)].map(([, number]) =>
    Number(number),
  );
  expect(asked.length).toBeGreaterThan(150);
  expect([...written].sort((x, y) => x - y)).toEqual(asked.sort((x, y) => x - y));
});
