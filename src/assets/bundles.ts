/**
 * What browsers are given: the name of each bundle and the file that it begins with, which imports its style
 * too. A page of its room loads both.
 */
export const bundleEntries = {
  dashboard: '../dashboard/browser/main.tsx',
  docs: '../docs/browser/main.js',
  graphiql: '../graphiql/bootstrap.js',
  landing: '../landing/browser/main.ts',
} as const;

export type BundleName = keyof typeof bundleEntries;
