import { describe, expect, it } from 'vitest';
import { parseNumber, parseSeconds } from '../../../src/dashboard/browser/typed-text.ts';

describe('what a person types', () => {
  it.each([
    ['+493023125321', '+493023125321'],
    ['  +49 30 2312-5321 ', '+493023125321'],
    ['+49 (0)30 2312 5321', '+493023125321'],
    ['0049 30 / 2312.5321', '+493023125321'],
    ['tel:+1-202-555-0100', '+12025550100'],
    ['+1 (202) 555–0100', '+12025550100'],
    ['\u202a+1 202 555 0100\u202c', '+12025550100'],
    ['＋１２０２５５５０１００', '+12025550100'],
    ['12025550100', '+12025550100'],
    ['+1 202 555*', '+1202555*'],
    ['+49 30', '+4930*'],
    ['+4', '+4*'],
  ])('as a number, %j, is the filter %j', (text, filter) => {
    expect(parseNumber(text)).toBe(filter);
  });

  it.each(['(202) 555-0100', '030 23125321', 'Alice', '+', '*', '+1*2', '+0123', '+1234567890123456'])(
    'and is no number with a country code, %j, is refused',
    (text) => {
      expect(parseNumber(text)).toBeNull();
    },
  );

  it.each([
    ['90', '90'],
    [' 1,000 s', '1000'],
    ['007', '7'],
    ['0', '0'],
    ['1.5', null],
    ['-3', null],
    ['soon', null],
  ])('as seconds, %j, is %j', (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds);
  });
});
