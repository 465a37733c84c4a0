import fc from 'fast-check';
import { type GraphQLScalarType, isScalarType, Kind, parseValue, valueFromAST } from 'graphql';
import { describe, expect, it } from 'vitest';
import { instantMax, instantMin } from '../../../src/calls/calendar.ts';
import { formatDateTime } from '../../../src/graphql/scalars.ts';
import { schema } from '../../../src/graphql/schema.ts';

function scalarOf(name: string): GraphQLScalarType {
  const type = schema.getType(name);
  if (isScalarType(type)) return type;
  throw new Error(`${name} is no scalar.`);
}

/** The extensions of the error with which a scalar refuses an input. */
function refusalOf(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    return (error as { extensions?: unknown }).extensions;
  }
  throw new Error('The input was taken.');
}

/** An instant as PostgreSQL's JSON has it: without the zeros at the end of the fraction, and without an empty one. */
function toPostgresJson(instant: number): string {
  const [seconds = '', fraction = ''] = new Date(instant).toISOString().replace('Z', '').split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${seconds}${digits === '' ? '' : `.${digits}`}+00:00`;
}

describe('DateTime out', () => {
  it.each([
    ['2026-01-31T09:00:00+00:00', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:00.5+00:00', '2026-01-31T09:00:00.500Z'],
    ['2026-01-31T09:00:00.05+00:00', '2026-01-31T09:00:00.050Z'],
    ['2026-01-31T09:00:00.12+00:00', '2026-01-31T09:00:00.120Z'],
    ['2026-01-31T09:00:00.001+00:00', '2026-01-31T09:00:00.001Z'],
    ['0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00.000Z'],
    ['2026-01-31 09:00:00.12+00', '2026-01-31T09:00:00.120Z'],
    ['2026-01-31T09:00:00.000Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T10:30:00+01:30', '2026-01-31T09:00:00.000Z'],
  ])('writes PostgreSQL’s %s as %s', (text, expected) => {
    expect(formatDateTime(text)).toBe(expected);
  });

  it('is the same for the milliseconds of an instant and for PostgreSQL’s text of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: instantMin, max: instantMax }), (instant) => {
        const expected = new Date(instant).toISOString();
        expect(formatDateTime(instant)).toBe(expected);
        expect(formatDateTime(toPostgresJson(instant))).toBe(expected);
      }),
    );
  });
});

describe('DateTime in', () => {
  const dateTime = scalarOf('DateTime');

  it.each([
    ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31t09:00:00z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T10:00:00+01:00', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:00.12-00:00', '2026-01-31T09:00:00.120Z'],
    ['2026-01-31T09:00:00.0001Z', '2026-01-31T09:00:00.001Z'],
  ])('takes %s as %s, from a variable and from a literal', (text, expected) => {
    expect(dateTime.parseValue(text)).toBe(Date.parse(expected));
    expect(valueFromAST(parseValue(JSON.stringify(text)), dateTime)).toBe(Date.parse(expected));
  });

  it('takes what it gives', () => {
    fc.assert(
      fc.property(fc.integer({ min: instantMin, max: instantMax }), (instant) => {
        expect(dateTime.parseValue(formatDateTime(instant))).toBe(instant);
      }),
    );
  });

  it.each([
    ['2026-01-31'],
    ['2026-01-31T09:00:00'],
    ['2026-01-31 09:00:00Z'],
    ['2026-02-30T09:00:00Z'],
    ['2026-01-31T24:00:00Z'],
    ['2026-01-31T09:00:60Z'],
    ['2026-01-31T09:00:00+0100'],
    ['20260-01-31T09:00:00Z'],
    ['yesterday'],
    [''],
    [1_769_850_000_000],
    [true],
    [{}],
  ])('refuses %j as bad input, from a variable and from a literal', (value) => {
    const expected = {
      code: 'BAD_USER_INPUT',
      reason: 'INVALID_ARGUMENT',
      details: { parameter: 'DateTime' },
    };
    expect(refusalOf(() => dateTime.parseValue(value))).toMatchObject(expected);
    const literal = typeof value === 'object' ? '{ a: 1 }' : JSON.stringify(value);
    expect(refusalOf(() => dateTime.parseLiteral(parseValue(literal)))).toMatchObject(expected);
  });
});

describe('TimeZone', () => {
  const timeZone = scalarOf('TimeZone');

  it.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires'])('takes %s', (name) => {
    expect(timeZone.parseValue(name)).toBe(name);
    expect(timeZone.parseLiteral({ kind: Kind.STRING, value: name })).toBe(name);
  });

  it.each([['Mars/Olympus'], ['+01:00'], [''], ['Europe/Berlin; drop table calls'], [1]])(
    'refuses %j',
    (value) => {
      const expected = { code: 'BAD_USER_INPUT', reason: 'INVALID_TIMEZONE' };
      expect(refusalOf(() => timeZone.parseValue(value))).toMatchObject(expected);
      expect(refusalOf(() => timeZone.parseLiteral(parseValue(JSON.stringify(value))))).toMatchObject(
        expected,
      );
    },
  );
});

describe('BigInt', () => {
  const bigInt = scalarOf('BigInt');

  it('is a number as far as JSON’s readers keep it exact, and its digits beyond', () => {
    expect(bigInt.serialize(2n ** 31n)).toBe(2_147_483_648);
    expect(bigInt.serialize('9007199254740991')).toBe(9_007_199_254_740_991);
    expect(bigInt.serialize('-9007199254740991')).toBe(-9_007_199_254_740_991);
    expect(bigInt.serialize('9007199254740992')).toBe('9007199254740992');
    expect(bigInt.serialize('9007199254740993')).toBe('9007199254740993');
    expect(bigInt.serialize(-(2n ** 63n))).toBe('-9223372036854775808');
  });

  it('loses no digit on its way through JSON', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (value) => {
        const received: unknown = JSON.parse(JSON.stringify(bigInt.serialize(value)));
        expect(BigInt(received as number | string)).toBe(value);
        expect(bigInt.serialize(value.toString())).toBe(bigInt.serialize(value));
      }),
    );
  });
});

describe('scalars of answers only', () => {
  it.each(['BigInt', 'UUID', 'JSON'])('%s is refused as an input', (name) => {
    expect(() => scalarOf(name).parseValue('1')).toThrow(`${name} is not an input.`);
  });
});
