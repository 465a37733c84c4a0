import type { Fetcher } from './client.ts';

/** What /metrics says, by name and labels as they are written there. */
export async function readSamples(app: Fetcher): Promise<ReadonlyMap<string, number>> {
  const response = await app.fetch(new Request('http://gateway.test/metrics'));
  if (response.status !== 200) throw new Error(`GET /metrics answered ${response.status}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => toSample(line)));
}

function toSample(line: string): [string, number] {
  const end = line.lastIndexOf(' ');
  const value = Number(line.slice(end + 1));
  if (Number.isNaN(value)) throw new Error(`/metrics has a line without a number: ${line}`);
  return [line.slice(0, end), value];
}
