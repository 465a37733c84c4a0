import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const ofReadme = 'test/integration/readme.test.ts';
const globalSetup = ['test/support/prepare-databases.ts'];
// Sources would be given graphql's .mjs and packages its .js: two copies, and neither takes the other's schema.
const resolve = { alias: [{ find: /^graphql$/, replacement: `${root}node_modules/graphql/index.js` }] };

const project = (options: object) => ({
  root,
  resolve,
  test: { testTimeout: 60_000, hookTimeout: 60_000, ...options },
});

export default defineConfig({
  root,
  test: {
    // An embedded database takes up to 850 MB and a core of its own.
    maxWorkers: 2,
    projects: [
      project({ name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 }),
      project({
        name: 'integration',
        include: ['test/integration/**/*.test.ts'],
        exclude: [ofReadme],
        globalSetup,
      }),
      project({
        name: 'readme',
        include: [ofReadme],
        // Builds, servers and benchmarks: after all else, and beside nothing.
        sequence: { groupOrder: 1 },
        globalSetup,
      }),
      project({ name: 'browser', include: ['test/browser/**/*.test.ts'], globalSetup }),
    ],
  },
});
