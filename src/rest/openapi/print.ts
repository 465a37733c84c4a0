import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeOpenApiDocument } from './document.ts';

/** The text of `src/rest/openapi/openapi.json`, which later versions are compared with. */
export function printOpenApiDocument(): string {
  return `${JSON.stringify(makeOpenApiDocument('3.1'), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('openapi.json', import.meta.url), printOpenApiDocument());
}
