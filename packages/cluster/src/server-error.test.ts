import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Argument } from './argument.ts';
import { codeOf, shownOf } from './server-error.ts';

describe('what is shown of an error reply', () => {
  it.each<[message: string, name: string, args: Argument[], shown: string]>([
    [
      "ERR unknown command 'x', with args beginning with: 'secret' ",
      'x',
      ['secret'],
      'ERR unknown command …',
    ],
    ["ERR unknown subcommand 'secret'. Try CLIENT HELP.", 'client', ['secret'], 'ERR unknown subcommand …'],
    ['ERR Unsupported option secret', 'expire', ['k', 1, 'secret'], 'ERR Unsupported option …'],
    [
      'ERR Unsupported option a  secret',
      'expire',
      ['k', 1, Buffer.from('a\r\nsecret')],
      'ERR Unsupported option …',
    ],
    [
      'ERR invalid longitude,latitude pair 181.000000,1',
      'geoadd',
      ['k', 181, 1],
      'ERR invalid longitude,latitude pair …',
    ],
    ['MOVED 866 127.0.0.1:7000', 'get', ['k'], 'MOVED …'],
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'auth',
      ['a user', 'secret'],
      'WRONGPASS invalid username-password pair or user is disabled.',
    ],
    [
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'get',
      ['users:42', ''],
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ],
    [
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'get',
      ['hold'],
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ],
    [
      "OOM command not allowed when used memory > 'maxmemory'.",
      'set',
      ['k', 'v'],
      'OOM command not allowed when used memory > …',
    ],
    ['secret without a code', 'get', ['secret'], 'ERR …'],
    ['', 'get', ['k'], 'ERR'],
  ])('%s', (message, name, args, shown) => {
    expect(shownOf(message, name, args)).toBe(shown);
  });

  it.each([
    ['ERR user_script:12: secret script: 913f, on @user_script:12.', 'ERR (line 12 of the script)'],
    ['OOM command not allowed script: 913f, on @user_script:3.', 'OOM (line 3 of the script)'],
    ['secret says the script', 'ERR'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'NOSCRIPT'],
  ])('of a script: %s', (message, shown) => {
    for (const name of ['eval', 'EVALSHA', 'evalsha_ro', 'fcall']) {
      expect(shownOf(message, name, [])).toBe(shown);
    }
  });

  it('never repeats an argument that the server put into a sentence', () => {
    const arg = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.trim() === text);
    const around = fc.constantFrom(
      ['option ', ''],
      ["command '", "', with"],
      ['here: ', ' is wrong'],
      ['no ', '.'],
    );
    fc.assert(
      fc.property(arg, around, (text, [before = '', after = '']) => {
        const said = text.replaceAll(/[\r\n]/g, ' ');
        const shown = shownOf(`ERR ${before}${said}${after}`, 'x', [text]);
        expect(shown).toMatch(/^ERR( (option|command|here|no))?( …)?$/);
      }),
    );
  });
});

it('a code is a first word in capitals', () => {
  expect(['WRONGTYPE Operation', 'OOM', 'Connection is closed.', 'Secret', '', 'A1_B c'].map(codeOf)).toEqual(
    ['WRONGTYPE', 'OOM', undefined, undefined, undefined, 'A1_B'],
  );
});
