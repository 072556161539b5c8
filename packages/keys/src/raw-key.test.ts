import { describe, expect, it } from 'vitest';
import { RawKeyError } from './errors.ts';
import { rawKey } from './raw-key.ts';
import { slotOf } from './slot.ts';

describe('rawKey', () => {
  it('takes a text as it is and keeps it out of telemetry', () => {
    const legacy = rawKey<Date>('legacy:{42}:€');
    expect([legacy.text, legacy.template, legacy.hashTag]).toEqual(['legacy:{42}:€', '<raw>', '42']);
    expect(legacy.slot).toBe(slotOf('42'));
    expect(rawKey('a{}b').hashTag).toBeUndefined();
  });

  it('shows the template that it is given', () => {
    expect(rawKey('legacy:42', { template: 'legacy:<id>' }).template).toBe('legacy:<id>');
  });

  it.each(['', 'secret\ud800', undefined, 42, null])('refuses %j and does not show it', (text) => {
    const make = () => void Reflect.apply(rawKey, undefined, [text, { template: 'old' }]);
    expect(make).toThrow(RawKeyError);
    expect(make).toThrow(/^rawKey "old": got (?!.*(secret|42))/);
  });
});
