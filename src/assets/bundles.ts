/**
 * What browsers are given: the name of each bundle and the file that it begins with, which imports its style
 * too. A page of its room loads both.
 */
export const bundleEntries = {
  docs: '../docs/browser/main.js',
  graphiql: '../graphiql/bootstrap.js',
} as const;

export type BundleName = keyof typeof bundleEntries;
