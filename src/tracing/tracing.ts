import type { Context, Span, SpanOptions, TextMapGetter, Tracer } from '@opentelemetry/api';
import type { TraceStatement } from '../metrics/statements.ts';

type Api = typeof import('@opentelemetry/api');

/** What a request to the gateway says of itself. */
export interface TracedRequest {
  readonly method: string;
  readonly headers: Headers;
}

/** Spans of requests, of their operations and of the statements of these, one within the other. */
export interface Tracing {
  /** The caller's trace goes on, where it says in which it is. */
  traceRequest<Answer>(request: TracedRequest, answer: () => Promise<Answer>): Promise<Answer>;
  /** Tells the request's span how it ended; `route` is null where it met none. */
  describeRequest(method: string, route: string | null, status: number): void;
  traceOperation<Result extends { readonly errors?: readonly unknown[] }>(
    operation: { readonly operation: string; readonly name?: { readonly value: string } | undefined },
    execute: () => Result | Promise<Result>,
  ): Promise<Result>;
  readonly traceStatement: TraceStatement;
}

const getter: TextMapGetter<Headers> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers.keys()],
};
const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);

/**
 * Tracing by the provider that an OpenTelemetry SDK has registered in this process, or null where none has: then
 * nothing of OpenTelemetry is called afterwards.
 */
export async function loadTracing(): Promise<Tracing | null> {
  // An optional package: who registers an SDK has it.
  const api: Api | null = await import('@opentelemetry/api').catch(() => null);
  if (api === null) return null;
  const provider = api.trace.getTracerProvider();
  const isNobody = provider instanceof api.ProxyTracerProvider && !provider.getDelegateTracer(tracerName);
  return isNobody ? null : createTracing(api, provider.getTracer(tracerName));
}

const tracerName = 'calls-gateway';
const nameLengthMax = 64;

/** Names are those of OpenTelemetry's semantic conventions; no attribute holds what a caller sent as a value. */
function createTracing(api: Api, tracer: Tracer): Tracing {
  const { context, propagation, SpanKind, SpanStatusCode, trace } = api;

  const run = async <Value>(
    span: Span,
    parent: Context,
    work: () => Value | Promise<Value>,
    onEnd: (result: Value) => void = () => {},
  ): Promise<Value> => {
    try {
      const result = await context.with(trace.setSpan(parent, span), work);
      onEnd(result);
      return result;
    } catch (error) {
      // Neither the message nor the stack: a driver's message holds the values of its statement.
      span.setAttribute('error.type', toErrorType(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };
  const start = (name: string, options: SpanOptions, parent = context.active()) =>
    tracer.startSpan(name, options, parent);

  return {
    traceRequest({ method, headers }, answer) {
      const known = methods.has(method) ? method : '_OTHER';
      const parent = propagation.extract(context.active(), headers, getter);
      const attributes = { 'http.request.method': known, 'url.scheme': 'http' };
      const options = { kind: SpanKind.SERVER, attributes };
      const span = start(known === '_OTHER' ? 'HTTP' : known, options, parent);
      return run(span, parent, answer);
    },
    describeRequest(method, route, status) {
      const span = trace.getActiveSpan();
      if (span === undefined) return;
      span.setAttribute('http.response.status_code', status);
      if (route !== null) {
        span.setAttribute('http.route', route);
        span.updateName(`${methods.has(method) ? method : 'HTTP'} ${route}`);
      }
      if (status < 500) return;
      span.setAttribute('error.type', String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    traceOperation({ operation, name }, execute) {
      const given = name && { 'graphql.operation.name': name.value.slice(0, nameLengthMax) };
      const span = start(operation, { attributes: { 'graphql.operation.type': operation, ...given } });
      return run(span, context.active(), execute, ({ errors }) => {
        if (errors !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      });
    },
    traceStatement(text, send) {
      // What nobody asked for, such as folding, would be traces of one span twice a second.
      if (trace.getActiveSpan() === undefined) return send();
      const operation = toSqlOperation(text);
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
      return run(start(operation, { kind: SpanKind.CLIENT, attributes }), context.active(), send);
    },
  };
}

/** The first word behind comments. */
function toSqlOperation(text: string): string {
  return (/^(?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/)*([a-z]{1,20})/i.exec(text)?.[1] ?? 'statement').toUpperCase();
}

function toErrorType(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name ?? 'unknown');
}
