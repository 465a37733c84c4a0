import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../src/auth/caller.ts';
import { instantMax, instantMin } from '../../../src/calls/calendar.ts';
import { decodeCursor, encodeCursor, type Position } from '../../../src/calls/cursor.ts';
import { AppError } from '../../../src/errors.ts';

const caller: Caller = {
  organizationId: '0b8f3a52-6a52-4e0f-9a55-111111111111',
  environment: 'live',
  scopes: ['calls:read'],
  actor: 'key:0b8f3a52-6a52-4e0f-9a55-222222222222',
  organizationIds: ['0b8f3a52-6a52-4e0f-9a55-111111111111'],
};
const position: Position = {
  at: Date.parse('2025-03-10T09:00:00.123Z'),
  id: 'ffffffff-0000-4000-8000-00000000000a',
};
const cursor = encodeCursor('calls', caller, position);

const positions = fc.record({ at: fc.integer({ min: instantMin, max: instantMax }), id: fc.uuid() });

function refusalOf(text: string, list = 'calls', as: Caller = caller): AppError {
  try {
    decodeCursor(list, as, 'after', text);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`The cursor was taken: ${text}`);
}

describe('a cursor', () => {
  it('gives back its position, to the millisecond, in every year that a call can have', () => {
    fc.assert(
      fc.property(positions, (any) => {
        expect(decodeCursor('calls', caller, 'after', encodeCursor('calls', caller, any))).toEqual(any);
      }),
    );
    for (const at of [instantMin, -1, 0, 1, instantMax]) {
      expect(
        decodeCursor('calls', caller, 'after', encodeCursor('calls', caller, { ...position, at })).at,
      ).toBe(at);
    }
  });

  it('is 36 characters that need no escaping in a URL', () => {
    fc.assert(
      fc.property(positions, (any) => {
        expect(encodeCursor('calls', caller, any)).toMatch(/^[\w-]{36}$/);
      }),
    );
  });

  it('is refused by another list, another organization and the other environment', () => {
    const stranger = { ...caller, organizationId: '0b8f3a52-6a52-4e0f-9a55-333333333333' };
    expect(refusalOf(cursor, 'events').code).toBe('INVALID_CURSOR');
    expect(refusalOf(cursor, 'calls', stranger).code).toBe('INVALID_CURSOR');
    expect(refusalOf(cursor, 'calls', { ...caller, environment: 'test' }).code).toBe('INVALID_CURSOR');
  });

  it('is taken from another credential of the same organization and environment', () => {
    const colleague = { ...caller, actor: 'user:0b8f3a52-6a52-4e0f-9a55-444444444444', scopes: [] };
    expect(decodeCursor('calls', colleague, 'after', cursor)).toEqual(position);
  });

  it('is refused with any one character changed', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let i = 0; i < cursor.length; i++) {
      for (const other of alphabet) {
        if (other === cursor[i]) continue;
        expect(refusalOf(cursor.slice(0, i) + other + cursor.slice(i + 1)).code).toBe('INVALID_CURSOR');
      }
    }
  });

  it('is refused where its checksum is right and its instant is none that a row can have', () => {
    for (const at of ['+010000-01-01T00:00:00Z', '+012000-06-01T00:00:00Z', '+200000-01-01T00:00:00Z']) {
      const forged = encodeCursor('calls', caller, { ...position, at: Date.parse(at) });
      expect(refusalOf(forged).code).toBe('INVALID_CURSOR');
    }
  });

  it('is refused cut, lengthened, padded, and in the other alphabet of base64', () => {
    const bytes = Buffer.from(cursor, 'base64url');
    const others = [cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, ` ${cursor}`, `${cursor}\n`, ''];
    for (const other of others) expect(refusalOf(other).code).toBe('INVALID_CURSOR');
    expect(bytes.toString('base64')).not.toBe(cursor);
    expect(refusalOf(bytes.toString('base64')).code).toBe('INVALID_CURSOR');
  });

  it('is refused when it is any other text, and the refusal names the parameter and cuts what it got', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]{36}$/)), (text) => {
        expect(refusalOf(text).code).toBe('INVALID_CURSOR');
      }),
    );
    const { details } = refusalOf('x'.repeat(5_000));
    expect(details).toMatchObject({ parameter: 'after', got: 'x'.repeat(100) });
  });
});
