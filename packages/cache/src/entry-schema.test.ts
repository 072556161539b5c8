import { describe, expect, it } from 'vitest';
import { EntryFormat } from './entry-format.ts';
import { type Schema, type SchemaAnswer, schemaOf, versionOf } from './entry-schema.ts';
import { header, key, token } from './samples.fixture.ts';

const format = new EntryFormat();
const bytes = format.encode(token, key, { name: 'Wien' }, { ...header, version: 2 });

function schema(validate: (value: unknown) => SchemaAnswer | Promise<SchemaAnswer>): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

describe('what a reader expects', () => {
  it('is met by a value of the same version that fits', () => {
    const seen: unknown[] = [];
    const fitting = schema((value) => {
      seen.push(value);
      return { value: { name: 'changed by the schema' } } as SchemaAnswer;
    });
    const found = format.decode(bytes, key, { version: 2, schema: fitting });
    expect(found).toMatchObject({ kind: 'value', value: { name: 'Wien' } });
    expect(seen).toEqual([{ name: 'Wien' }]);
  });

  it.each([undefined, {}, { version: 0 }, { version: 1 }, { version: 3 }])(
    'is not met by version 2: %o',
    (expected) => {
      expect(format.decode(bytes, key, expected)).toMatchObject({ why: 'another schema version' });
    },
  );

  it('is not met by a value that the schema finds issues with, or cannot look at', () => {
    const refusing = [
      schema(() => ({ issues: [{ message: 'secret' }] })),
      schema(() => {
        throw new TypeError('secret');
      }),
      schema(() => undefined as never),
    ];
    for (const each of refusing) {
      const found = format.decode(bytes, key, { version: 2, schema: each });
      expect(found).toMatchObject({ kind: 'undecodable', why: 'a value that does not fit its schema' });
    }
  });

  it('must be told at once', () => {
    for (const late of [schema(() => Promise.resolve({})), schema(() => Promise.reject(new Error('late')))]) {
      expect(() => format.decode(bytes, key, { version: 2, schema: late })).toThrow(
        'schema: got an object; allowed: a schema that answers at once',
      );
    }
  });
});

describe('options', () => {
  it('take a schema by what it can do, also when it is a function', () => {
    const callable = Object.assign(
      () => undefined,
      schema(() => ({})),
    );
    expect(schemaOf(callable, 'schema')).toBe(callable);
    for (const wrong of [
      null,
      1,
      {},
      { '~standard': { version: 2, validate() {} } },
      { '~standard': { version: 1 } },
    ]) {
      expect(() => schemaOf(wrong, 'schema')).toThrow('schema: got');
    }
  });

  it('take a version that an entry has room for', () => {
    expect([versionOf(0, 'version'), versionOf(0xffff_ffff, 'version')]).toEqual([0, 0xffff_ffff]);
    for (const wrong of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => versionOf(wrong, 'version')).toThrow('version: got');
    }
  });
});
