import { describe, expect, it } from 'vitest';
import { readArguments, UsageError } from './arguments.ts';

describe('readArguments', () => {
  it('has defaults', () => {
    expect(readArguments([])).toEqual({ once: false, json: undefined, seconds: 30, rate: 300 });
  });

  it('takes what it is given', () => {
    expect(readArguments(['--once', '--json', 'out.json', '--seconds', '60', '--rate=50'])).toEqual({
      once: true,
      json: 'out.json',
      seconds: 60,
      rate: 50,
    });
  });

  it.each([['--help'], ['-h']])('understands %s', (flag) => {
    expect(readArguments(['--once', flag])).toBe('help');
  });

  it.each([
    ['--seconds', '5'],
    ['--seconds', '1e3'],
    ['--rate', '0'],
    ['--rate', ''],
    ['--json'],
    ['--json', '/there/is/no/such/folder/out.json'],
    ['--nonsense'],
    ['stray'],
  ])('refuses %s %s', (...args) => {
    expect(() => readArguments(args)).toThrow(UsageError);
  });
});
