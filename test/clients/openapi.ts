import createClient from 'openapi-fetch';
import type { components, paths } from './generated/openapi.d.ts';

const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;

const client = createClient<paths>({
  baseUrl: GATEWAY_URL,
  headers: { authorization: `Bearer ${API_KEY}` },
});

class ApiError extends Error {
  readonly code: string;
  constructor({ error, code }: components['schemas']['Error']) {
    super(error);
    this.code = code;
  }
}

async function listCalls(page: number) {
  const { data, error } = await client.GET('/calls', { params: { query: { page, limit: 2 } } });
  if (error) throw new ApiError(error);
  if (typeof data === 'string' || !('total_pages' in data)) throw new Error('That is no list.');
  return data;
}

async function getStats() {
  const { data, error } = await client.GET('/calls', { params: { query: { action: 'stats' } } });
  if (error) throw new ApiError(error);
  if (typeof data === 'string' || !('by_status' in data)) throw new Error('Those are no stats.');
  return data;
}

async function deleteCall(id: string): Promise<string> {
  const { error, response } = await client.DELETE('/calls/{id}', { params: { path: { id } } });
  if (response.status === 404 || response.status === 409) return error?.code ?? 'UNKNOWN';
  if (error) throw new ApiError(error);
  return 'DELETED';
}

try {
  const first = await listCalls(1);
  const second = await listCalls(2);
  const calls = [...first.data, ...second.data];
  const stats = await getStats();
  const [newest, oldest] = [calls[0]?.id ?? '', calls[3]?.id ?? ''];
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  console.log(JSON.stringify({ calls, stats, outcomes, left: (await listCalls(1)).total }));
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.log(JSON.stringify({ error: error.code }));
}
