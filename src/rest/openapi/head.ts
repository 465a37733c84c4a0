import { toComponentResponses } from './errors.ts';
import type { JsonObject } from './json-object.ts';

/** The HEAD of a GET: what it takes, and the statuses and headers that it answers with, without the bodies. */
export function toHead(get: JsonObject): JsonObject {
  const { operationId, summary, description: _, responses, ...rest } = get;
  const shared = toComponentResponses();
  const bodiless = Object.entries(responses as Readonly<Record<string, JsonObject>>).map(
    ([status, response]) => {
      const name =
        String(response.$ref ?? '')
          .split('/')
          .at(-1) ?? '';
      const { content: _content, ...described } = (shared[name] as JsonObject | undefined) ?? response;
      return [status, described];
    },
  );
  return {
    operationId: String(operationId).replace(/^(get|list)/, 'head'),
    ...rest,
    summary: `${summary} (headers only)`,
    description: 'Answers with the status and the headers of GET, without a body.',
    responses: Object.fromEntries(bodiless),
  };
}
