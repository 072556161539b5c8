import { describe, expect, it } from 'vitest';
import type { Argument } from './argument.ts';
import { refuseStateful } from './stateful-commands.ts';

describe('a command for a connection of its own', () => {
  it.each<[string, Argument[]]>([
    ['multi', []],
    ['watch', ['k']],
    ['subscribe', ['channel']],
    ['monitor', []],
    ['select', [1]],
    ['quit', []],
    ['asking', []],
    ['client', ['REPLY', 'OFF']],
    ['client', [Buffer.from('tracking'), 'on']],
    ['blpop', ['k', 0]],
    ['wait', [1, 0]],
    ['xread', ['BLOCK', 0, 'STREAMS', 'k', '$']],
  ])('%s %j is refused', (name, args) => {
    expect(() => refuseStateful(name, args)).toThrow(
      /^name: got '\w+'; allowed: commands that neither block/,
    );
  });

  it.each<[string, Argument[]]>([
    ['get', ['subscribe']],
    ['client', ['LIST']],
    ['client', ['KILL', 'TYPE', 'normal']],
    ['xread', ['COUNT', 1, 'STREAMS', 'k', '0']],
    ['lpop', ['k']],
  ])('%s %j is not', (name, args) => {
    expect(() => refuseStateful(name, args)).not.toThrow();
  });
});
