/** The forms of a call log: what `import` reads is what an export writes. */
export const callLogFormats = ['csv', 'ndjson'] as const;
export type CallLogFormat = (typeof callLogFormats)[number];
