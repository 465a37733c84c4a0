import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The gateway as a process of its own under load, which takes minutes: `npm run test:load`. */
export default defineConfig({
  root,
  resolve: { alias: [{ find: /^graphql$/, replacement: `${root}node_modules/graphql/index.js` }] },
  test: {
    include: ['test/load/**/*.test.ts'],
    globalSetup: ['test/support/prepare-databases.ts', 'test/support/build.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
  },
});
