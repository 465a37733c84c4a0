import { Ajv2020 } from 'ajv/dist/2020.js';
import Ajv4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { makeOpenApiDocument } from '../../src/rest/openapi/document.ts';
import type { OpenApiVersion } from '../../src/rest/openapi/schema-json.ts';
import type { Fetcher } from './client.ts';
import { resolve } from './contract/reference.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document, whose shape is what is tested.
type Json = any;

/** What was wrong with an answer by the document, as `GET /calls 200: …`; and which answers there were. */
export interface Recording extends Fetcher {
  readonly complaints: string[];
  /** `GET /calls 400 INVALID_ID`; of an answer that is no refusal without a code. */
  readonly seen: Set<string>;
}

/** Every operation of a document with its responses, references resolved. */
export function listOperations(document: Json) {
  return Object.entries<Json>(document.paths).flatMap(([path, { servers: _, ...methods }]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
      responses: Object.fromEntries(
        Object.entries(operation.responses).map(([status, response]) => [
          status,
          resolve(document, response),
        ]),
      ) as Record<string, Json>,
    })),
  );
}

/** Validates by a document whose objects are closed, so that a member that it does not describe is wrong. */
export function createValidator(document: Json = makeOpenApiDocument('3.1')) {
  const closed = structuredClone(document);
  for (const schema of Object.values<Json>(closed.components.schemas)) close(schema);
  const options = { strict: false, allErrors: true };
  // The schemas of OpenAPI 3.0 are of an older draft, and say by `nullable` where null is allowed.
  const ajv = document.openapi.startsWith('3.0') ? new Ajv4.default(options) : new Ajv2020(options);
  addFormats.default(ajv);
  ajv.addSchema(closed, 'openapi');
  return (schema: object, value: unknown): string[] => {
    const known = rebase(schema);
    const validate = ajv.compile(known);
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

function close(schema: Json): void {
  if (schema === null || typeof schema !== 'object') return;
  if (schema.properties !== undefined) schema.additionalProperties = false;
  for (const member of Object.values(schema)) close(member);
}

function rebase(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"openapi#/'));
}

/** Headers that every server sends, which no API describes. */
const ofTransport = /^(content-type|content-length|x-content-type-options|date|connection|keep-alive)$/;

/** A version of the document: its operations, and what validates by it. */
export interface Described {
  readonly version: OpenApiVersion;
  readonly operations: ReturnType<typeof listOperations>;
  readonly validate: ReturnType<typeof createValidator>;
}

export function describeVersions(): readonly Described[] {
  return (['3.1', '3.0'] as const).map((version) => {
    const document = makeOpenApiDocument(version);
    return { version, operations: listOperations(document), validate: createValidator(document) };
  });
}

/** An app that holds each of its answers against every version of the document. */
export function recordAnswers(app: Fetcher, versions: readonly Described[]): Recording {
  const complaints: string[] = [];
  const seen = new Set<string>();

  async function check(request: Request, response: Response): Promise<void> {
    const path = new URL(request.url).pathname.replace(/^\/v1/, '').replace(/^\/calls\/.+/, '/calls/{id}');
    const name = `${request.method} ${path}`;
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? null;
    const body = type === 'application/json' && text !== '' ? JSON.parse(text) : text;
    const refusal = response.status >= 400 && body.code !== undefined ? ` ${body.code}` : '';
    const title = `${name} ${response.status}${refusal}`;
    seen.add(title);
    for (const { version, operations, validate } of versions) {
      const complain = (wrong: string) => complaints.push(`${version}: ${title}: ${wrong}`);
      const described = operations.find((each) => each.name === name)?.responses[response.status];
      if (described === undefined) {
        complain('is not described');
        continue;
      }
      for (const header of response.headers.keys()) {
        if (!ofTransport.test(header) && described.headers?.[header] === undefined)
          complain(`header ${header} is not described`);
      }
      if (text === '') continue;
      const media = described.content?.[type ?? ''];
      if (media === undefined) complain(`${type} is not described`);
      else for (const wrong of validate(media.schema, body)) complain(wrong);
    }
  }

  return {
    complaints,
    seen,
    async fetch(request) {
      const response = await app.fetch(request);
      await check(request, response.clone());
      return response;
    },
  };
}
