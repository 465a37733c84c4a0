import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { decodeGlobalId, encodeGlobalId, toUuid } from '../../../src/graphql/global-id.ts';

const uuid = '9f0a1c1e-6d0c-4b57-8f2e-3a9d6f1b2c3d';
const types = fc.constantFrom('Call', 'CallEvent', 'PhoneNumber', 'Organization');

function refusalOf(decode: () => unknown): AppError {
  try {
    decode();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('The id was taken.');
}

describe('a global id', () => {
  it('gives back its type and UUID', () => {
    fc.assert(
      fc.property(types, fc.uuid(), (type, id) => {
        expect(decodeGlobalId('id', encodeGlobalId(type, id))).toEqual({ type, uuid: id });
      }),
    );
  });

  it('differs for each type and each UUID', () => {
    fc.assert(
      fc.property(types, fc.uuid(), types, fc.uuid(), (type, id, otherType, otherId) => {
        const same = type === otherType && id === otherId;
        expect(encodeGlobalId(type, id) === encodeGlobalId(otherType, otherId)).toBe(same);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['a UUID', uuid],
    ['no base64', 'Call:☎'],
    ['no UUID inside', Buffer.from('Call:42').toString('base64')],
    ['no type inside', Buffer.from(`:${uuid}`).toString('base64')],
    ['a third part', Buffer.from(`Call:${uuid}:1`).toString('base64')],
    ['a type in lower case', Buffer.from(`call:${uuid}`).toString('base64')],
    ['space around it', ` ${encodeGlobalId('Call', uuid)}`],
    ['a line break inside', encodeGlobalId('Call', uuid).replace(/^.{10}/, '$&\n')],
    ['bytes outside of ASCII', Buffer.from(`Cäll:${uuid}`).toString('base64')],
  ])('is refused with %s, naming the parameter', (_, id) => {
    const { code, details } = refusalOf(() => decodeGlobalId('input.id', id));
    expect(code).toBe('INVALID_ID');
    expect(details).toMatchObject({ parameter: 'input.id', got: id });
  });

  it('is refused in any other spelling than the one handed out', () => {
    const id = encodeGlobalId('Organization', uuid);
    for (const other of [id.replace(/=*$/, ''), `${id}=`, `${id}====`, id.toLowerCase()]) {
      if (other !== id) expect(refusalOf(() => decodeGlobalId('id', other)).code).toBe('INVALID_ID');
    }
  });

  it('is refused, or means what it says, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        try {
          const decoded = decodeGlobalId('id', text);
          expect(encodeGlobalId(decoded.type, decoded.uuid)).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ID' });
        }
      }),
    );
  });
});

describe('an id of one type', () => {
  it('is a UUID in any case, or a global id of that type', () => {
    expect(toUuid('id', 'Call', uuid)).toBe(uuid);
    expect(toUuid('id', 'Call', uuid.toUpperCase())).toBe(uuid);
    expect(toUuid('id', 'Call', encodeGlobalId('Call', uuid))).toBe(uuid);
  });

  it('names nothing when it is a global id of another type', () => {
    expect(toUuid('id', 'Call', encodeGlobalId('PhoneNumber', uuid))).toBeNull();
  });

  it('is refused when it is neither, and both are named', () => {
    const { code, message } = refusalOf(() => toUuid('id', 'Call', 'call-1'));
    expect(code).toBe('INVALID_ID');
    expect(message).toBe('id must be a UUID, or a global id that the gateway returned.');
  });
});
