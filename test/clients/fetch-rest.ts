const { GATEWAY_URL = 'http://127.0.0.1:4000', API_KEY = '' } = process.env;

interface Call {
  readonly id: string;
  readonly from_number: string;
  readonly status: string;
}

interface CallPage {
  readonly data: readonly Call[];
  readonly total: number;
  readonly total_pages: number;
}

interface CallStats {
  readonly total: number;
  readonly answered: number;
}

class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function request<Body>(path: string, method = 'GET'): Promise<Body> {
  const headers = { authorization: `Bearer ${API_KEY}` };
  const response = await fetch(`${GATEWAY_URL}${path}`, { method, headers });
  const body = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new ApiError(body.code, body.error);
  return body;
}

async function deleteCall(id: string): Promise<string> {
  try {
    await request(`/calls/${id}`, 'DELETE');
    return 'DELETED';
  } catch (error) {
    if (error instanceof ApiError && ['CALL_IN_PROGRESS', 'CALL_NOT_FOUND'].includes(error.code))
      return error.code;
    throw error;
  }
}

try {
  const first = await request<CallPage>('/calls?limit=2');
  const second = await request<CallPage>('/calls?limit=2&page=2');
  const calls = [...first.data, ...second.data];
  const stats = await request<CallStats>('/calls?action=stats');
  const [newest, oldest] = [calls[0]?.id ?? '', calls[3]?.id ?? ''];
  const outcomes = [await deleteCall(newest), await deleteCall(oldest), await deleteCall(oldest)];
  console.log(JSON.stringify({ calls, stats, outcomes, left: (await request<CallPage>('/calls')).total }));
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.log(JSON.stringify({ error: error.code }));
}
