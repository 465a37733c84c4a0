import { DrizzleQueryError } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { isConnectionLost, toAppError, toStatementError } from '../../../src/db/errors.ts';
import { overloaded } from '../../../src/errors.ts';

const withCode = (code: string) => Object.assign(new Error('to +12025550100'), { code });

describe('a failure of the database', () => {
  it.each([
    ['08006', 'DATABASE_UNAVAILABLE'],
    ['08P01', 'DATABASE_UNAVAILABLE'],
    ['25006', 'READ_ONLY'],
    ['25P03', 'DATABASE_UNAVAILABLE'],
    ['28000', 'DATABASE_UNAVAILABLE'],
    ['28P01', 'DATABASE_UNAVAILABLE'],
    ['3D000', 'DATABASE_UNAVAILABLE'],
    ['40001', 'OVERLOADED'],
    ['40P01', 'OVERLOADED'],
    ['42P01', 'INTERNAL_SERVER_ERROR'],
    ['53100', 'DATABASE_UNAVAILABLE'],
    ['53200', 'DATABASE_UNAVAILABLE'],
    ['53300', 'DATABASE_UNAVAILABLE'],
    ['55P03', 'QUERY_TIMEOUT'],
    ['57014', 'QUERY_TIMEOUT'],
    ['57P01', 'DATABASE_UNAVAILABLE'],
    ['57P02', 'DATABASE_UNAVAILABLE'],
    ['57P03', 'DATABASE_UNAVAILABLE'],
    ['57P05', 'DATABASE_UNAVAILABLE'],
    ['58030', 'DATABASE_UNAVAILABLE'],
    ['ECONNREFUSED', 'DATABASE_UNAVAILABLE'],
    ['ENOTFOUND', 'DATABASE_UNAVAILABLE'],
    ['EMFILE', 'DATABASE_UNAVAILABLE'],
    ['CONNECTION_CLOSED', 'DATABASE_UNAVAILABLE'],
    ['22003', 'INTERNAL_SERVER_ERROR'],
    ['23505', 'INTERNAL_SERVER_ERROR'],
    ['42601', 'INTERNAL_SERVER_ERROR'],
    ['XX000', 'INTERNAL_SERVER_ERROR'],
  ])('of the code %s is %s, and its message stays inside', (code, expected) => {
    const error = toAppError(new DrizzleQueryError('select $1', ['+12025550100'], withCode(code)));
    expect(error.code).toBe(expected);
    expect(error.message).not.toContain('555');
    if (error.status === 503) expect(error.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  });

  it('that the gateway made itself comes through the layers as it is', () => {
    const own = overloaded();
    expect(toAppError(new DrizzleQueryError('select 1', [], own))).toBe(own);
  });
});

describe('a connection lost under a statement', () => {
  it.each(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '08006'])('is %s', (code) => {
    const error = toAppError(
      new DrizzleQueryError('select 1', [], toStatementError(withCode(code)) as Error),
    );
    expect([error.code, isConnectionLost(error)]).toEqual(['DATABASE_UNAVAILABLE', true]);
  });

  it.each(['57014', '53300', '40001'])('is not %s', (code) => {
    expect(isConnectionLost(toStatementError(withCode(code)))).toBe(false);
  });

  it('is not one that could not be made', () => {
    expect(isConnectionLost(toAppError(withCode('CONNECTION_CLOSED')))).toBe(false);
  });
});
