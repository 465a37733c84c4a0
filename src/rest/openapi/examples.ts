import type { z } from 'zod';
import { callStatuses } from '../../calls/call.ts';
import type * as schemas from '../schemas.ts';

export const exampleCallId = '2b1f6c1e-5f0a-4d8e-9d3c-0a6f5d1c7e42';
const organizationId = '8f7d0c52-6f0b-4c59-9a53-1f2f8c7f4a10';
export const exampleTag = `"2jmj7l5rSw0yVb_vlWAYkK_YBwk.${organizationId}.live"`;

const call: z.output<typeof schemas.call> = {
  id: exampleCallId,
  organization_id: organizationId,
  phone_number_id: 'c0a8f1de-3b1c-4a59-8d0e-7b0c2a9d5e61',
  endpoint_id: 'agent-7',
  from_number: '+4930123456',
  to_number: '+12025550123',
  direction: 'inbound',
  status: 'completed',
  duration: 62,
  cost_cents: 4,
  hangup_cause: 'normal_clearing',
  recording_url: null,
  transcript: null,
  metadata: { campaign: 'spring' },
  created_at: '2026-01-31T09:00:00.000Z',
  answered_at: '2026-01-31T09:00:07.000Z',
  completed_at: '2026-01-31T09:01:09.000Z',
  updated_at: '2026-01-31T09:01:09.000Z',
};

const detail: z.output<typeof schemas.callDetail> = {
  ...call,
  events: [
    {
      id: '5d9f1b7a-0c3e-4e1f-9a2b-6c8d7e5f4a30',
      type: 'call.answered',
      timestamp: '2026-01-31T09:00:07.000Z',
      data: {},
    },
  ],
  recording: {
    recording_url: null,
    expires_at: null,
    duration_seconds: 62,
    format: 'mp3',
    size_bytes: 496_000,
    status: 'ready',
  },
};

const list: z.output<typeof schemas.callList> = {
  data: [call],
  total: 1,
  page: 1,
  limit: 20,
  total_pages: 1,
};

const byStatus = Object.fromEntries(
  callStatuses.map((status) => [status, { completed: 3, no_answer: 1 }[status as string] ?? 0]),
);

const stats: z.output<typeof schemas.callStats> = {
  total: 4,
  by_status: byStatus,
  by_direction: { inbound: 3, outbound: 1 },
  answered: 3,
  answer_rate: 0.75,
  total_duration: 186,
  average_duration: 62,
  total_cost_cents: 12,
  start_date: '2026-01-01',
  end_date: '2026-01-31',
  timezone: 'Europe/Berlin',
};

const trends: z.output<typeof schemas.callTrends> = {
  data: [
    {
      date: '2026-01-31',
      total: 4,
      inbound: 3,
      outbound: 1,
      answered: 3,
      by_status: byStatus,
      total_duration: 186,
      total_cost_cents: 12,
    },
  ],
  start_date: '2026-01-31',
  end_date: '2026-01-31',
  timezone: 'Europe/Berlin',
  interval: 'day',
};

const logged: z.output<typeof schemas.loggedCall> = { ...call, phone_number: '+4930123456' };

/** By RFC 4180. */
const toCell = (value: unknown) => {
  const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Bodies as the routes give them. */
export const examples = {
  detail,
  list,
  stats,
  trends,
  csv: [Object.keys(logged), Object.values(logged).map(toCell)].map((row) => `${row.join(',')}\r\n`).join(''),
  ndjson: `${JSON.stringify(logged)}\n`,
};
