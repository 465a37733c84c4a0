import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../support/rejecting-process.ts', import.meta.url));

describe('a process that serves', () => {
  it('goes on after a rejection that nobody handled, and logs it once', async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program]);
    expect(stdout).toBe('goes on');
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({ level: 50, err: expect.objectContaining({ message: 'of one request' }) }),
    ]);
  });
});
