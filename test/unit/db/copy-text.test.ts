import { expect, it } from 'vitest';
import { toCopyText } from '../../../src/db/copy-text.ts';

it('separates by tabs, writes null as \\N, and escapes what would end a value or a row', () => {
  expect(
    toCopyText([
      ['a', null, 7, ''],
      ['\\N', 'x\ty', 'x\ny', '\r'],
    ]),
  ).toBe('a\t\\N\t7\t\n\\\\N\tx\\ty\tx\\ny\t\\r\n');
});
