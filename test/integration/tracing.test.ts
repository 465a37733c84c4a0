import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { loadTracing, type Tracing } from '../../src/tracing/tracing.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { insertCall, insertOrganization } from '../support/fixtures.ts';

const exporter = new InMemorySpanExporter();
let tracing: Tracing | null;

beforeAll(async () => {
  expect(await loadTracing()).toBeNull();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  tracing = await loadTracing();
});

afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** The spans that have ended, each below what it is part of, in the order of their beginnings. */
function toTree(spans: readonly ReadableSpan[], parent?: ReadableSpan): unknown[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const isChild = ({ parentSpanContext: above }: ReadableSpan) =>
    parent === undefined
      ? above === undefined || !ids.has(above.spanId)
      : above?.spanId === parent.spanContext().spanId;
  return spans.filter(isChild).map((span) => {
    const below = toTree(spans, span);
    return below.length === 0 ? span.name : [span.name, below];
  });
}

describeOnEachDatabase('traces', (database) => {
  let app: TestApp;
  let key: string;
  let number: string;

  beforeAll(async () => {
    const organization = await insertOrganization(database().db);
    key = organization.liveKey;
    number = (await insertCall(database().db, organization.id)).fromNumber;
    app = openApp(database(), { tracing });
    // From now on the key is known.
    await restClient(app, key).getOk('/calls');
    // The key's use is noted in the background.
    const isNoted = () => exporter.getFinishedSpans().some(({ name }) => name === 'UPDATE');
    await vi.waitFor(() => expect(isNoted()).toBe(true));
  });
  beforeEach(() => exporter.reset());

  it('have the statements within their operation, and that within its request', async () => {
    await graphqlClient(app, key).queryData('query Recent { calls(first: 1) { nodes { uuid } } }');
    expect(toTree(exporter.getFinishedSpans())).toEqual([['POST /graphql', [['query', ['SELECT']]]]]);
    const [statement, operation, request] = exporter.getFinishedSpans();
    expect(request?.kind).toBe(SpanKind.SERVER);
    expect(request?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'http.response.status_code': 200,
      'url.scheme': 'http',
    });
    expect(operation?.attributes).toEqual({
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Recent',
    });
    expect(statement?.kind).toBe(SpanKind.CLIENT);
    expect(statement?.attributes).toEqual({ 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' });
  });

  it('are of REST routes by their templates', async () => {
    await restClient(app, key).get('/calls/00000000-0000-4000-8000-000000000000');
    const [request] = toTree(exporter.getFinishedSpans()) as [[string, unknown[]]];
    expect(request[0]).toBe('GET /calls/{id}');
    expect(request[1]).toEqual([['query', ['SELECT']]]);
  });

  it('go on where the caller says that it has one', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    await restClient(app, key, { traceparent }).get('/calls');
    const spans = exporter.getFinishedSpans();
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
    expect(spans.at(-1)?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it('hold no number, credential or value of a statement', async () => {
    await restClient(app, key).get(`/calls?x=${number}`);
    await restClient(app, key).get(`/${number}`);
    await graphqlClient(app, key).query(`{ calls(filter: { number: "${number}" }) { totalCount } }`);
    await graphqlClient(app, key).query('{ nothing }');
    const spans = exporter.getFinishedSpans();
    const text = JSON.stringify(
      spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    );
    expect(spans.length).toBeGreaterThanOrEqual(5);
    for (const secret of [number.slice(1), key]) expect(text).not.toContain(secret);
  });

  it('tell what failed, by its code', async () => {
    const failing = openApp(
      { ...database(), ping: () => Promise.reject(new Error('never said')) },
      { tracing },
    );
    await restClient(failing, null).get('/readyz');
    const [span] = exporter.getFinishedSpans();
    expect([span?.name, span?.status]).toEqual(['GET /readyz', { code: SpanStatusCode.ERROR }]);
    expect(span?.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' });
  });

  it('are not of statements that nobody asked for', async () => {
    await database().ping();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
