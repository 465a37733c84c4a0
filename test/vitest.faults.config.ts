import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The faults that take minutes: `npm run test:faults`. */
export default defineConfig({
  root,
  resolve: { alias: [{ find: /^graphql$/, replacement: `${root}node_modules/graphql/index.js` }] },
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/support/prepare-databases.ts', 'test/support/build.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
