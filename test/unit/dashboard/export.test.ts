import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countCalls } from '../../../src/dashboard/browser/count-calls.ts';
import { nameExport } from '../../../src/dashboard/browser/export-name.ts';

const days = { createdFrom: '2026-02-28T23:00:00.000Z', createdTo: '2026-03-31T22:00:00.000Z' };

describe('the file of an export', () => {
  it.each([
    [{}, 'calls-all.csv'],
    [days, 'calls-2026-03-01-to-2026-03-31.csv'],
    [{ createdTo: days.createdTo }, 'calls-to-2026-03-31.csv'],
    [
      {
        ...days,
        status: ['BUSY', 'NO_ANSWER'],
        direction: 'INBOUND',
        number: '+1202555*',
        hasRecording: true,
      },
      'calls-2026-03-01-to-2026-03-31-busy-no-answer-inbound-+1202555-recorded.csv',
    ],
    [{ minDurationSeconds: 5, maxDurationSeconds: 60 }, 'calls-all-from-5s-up-to-60s.csv'],
    [{ hasRecording: false, number: '+49', hangupCause: ['NORMAL_CLEARING'] }, /unrecorded/],
  ])('of %j has the days and the filter in its name', (filter, name) => {
    expect(nameExport(filter, 'Europe/Berlin')).toMatch(name);
  });

  it('has a name that every system takes', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string(), { maxLength: 40 }), (number, hangupCause) => {
        expect(nameExport({ number, hangupCause }, 'UTC')).toMatch(/^calls[a-z0-9+-]{0,119}\.csv$/);
      }),
    );
  });

  it('is counted in calls, whatever its texts have and wherever it is cut', async () => {
    const rows = ['id,transcript', '1,"a\r\nb, ""c""\n"', '2,', '3,"\n"'];
    const bytes = new TextEncoder().encode(rows.map((row) => `${row}\r\n`).join(''));
    for (let cut = 1; cut < bytes.length; cut++) {
      const told: number[] = [];
      const parts = [bytes.slice(0, cut), bytes.slice(cut)];
      const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      const passed = source.pipeThrough(countCalls((calls) => told.push(calls)));
      expect(new Uint8Array(await new Response(passed).arrayBuffer())).toEqual(bytes);
      expect(told.at(-1)).toBe(3);
    }
  });
});
