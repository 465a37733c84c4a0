import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromCell, toCell } from '../../../src/call-log/cell.ts';

const formulas = [
  '=1+1',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  ' =1',
  '＝1',
  '＋1',
  '－1',
  '＠a',
];
const pieces = ["'", '=', '+', '-', '@', '\t', '\r', '\n', ' ', '＝', '1', 'a', '"', ','];

describe('a cell of a call log', () => {
  it.each(formulas)('has an apostrophe before what a spreadsheet would run: %j', (formula) => {
    expect(toCell(formula)).toBe(`'${formula}`);
  });

  it.each(['+4930123456', '-5', '7', 'anonymous', "it's", "'quoted'", '{"a":1}', ' a '])(
    'is the text itself where that is none: %j',
    (text) => {
      expect([toCell(text), fromCell(text)]).toEqual([text, text]);
    },
  );

  it('is not empty for a text of no characters: that is null', () => {
    expect(toCell('')).toBe("'");
  });

  it('gives every text back', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...pieces), maxLength: 6 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const cell = toCell(text);
        expect(fromCell(cell)).toBe(text);
        expect(cell).not.toBe('');
        if (!/^[+-]\d+$/.test(cell)) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/);
      }),
      { numRuns: 2_000 },
    );
  });
});
