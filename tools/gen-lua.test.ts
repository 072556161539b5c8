import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generate } from './gen-lua.mjs';
import { readLuaScript } from './lua-script.mjs';

const fill = `--[[
  fill: keep a loaded value, unless the right to do so
  has passed on.

  A slow loader can come back after its lease expired.

  KEYS
    entry    the cached value

  ARGV
    token    what the entry must start with
    ttl_ms   how long the value is kept,
             in milliseconds

  REPLY
    1   filled
    0   superseded, nothing was changed
]]
local entry = KEYS[1]
local token, ttl_ms = ARGV[1], tonumber(ARGV[2])

return redis.call('SET', entry, token, 'PX', ttl_ms) -- KEYS may be named in a comment
`;

describe('readLuaScript', () => {
  it('reads the sentence, the names and the types', () => {
    expect(readLuaScript('fill', fill)).toMatchObject({
      summary: 'keep a loaded value, unless the right to do so has passed on.',
      keys: ['entry'],
      args: [
        { name: 'token', type: 'string | Buffer' },
        { name: 'ttlMs', type: 'number' },
      ],
    });
  });

  it('sends the body under one short comment, and hashes exactly that', () => {
    const { text, sha1 } = readLuaScript('fill', fill);
    expect(text).toMatch(/^-- keyslot:fill\nlocal entry = KEYS\[1\]\n/);
    expect(text).not.toContain('REPLY');
    expect(sha1).toBe(createHash('sha1').update(text).digest('hex'));
  });

  it('keeps a shebang on the first line, where Redis looks for it', () => {
    const { text } = readLuaScript('fill', `#!lua flags=allow-oom\n${fill}`);
    expect(text).toMatch(/^#!lua flags=allow-oom\n-- keyslot:fill\n/);
  });

  it('takes a script without keys or arguments', () => {
    const source =
      '--[[\n  now: the server clock.\n\n  REPLY\n    seconds\n]]\nreturn redis.call("TIME")[1]\n';
    expect(readLuaScript('now', source)).toMatchObject({ keys: [], args: [] });
  });

  it.each([
    ['no header', '--[[', '--', /must start with a "--\[\[" header/],
    ['another name', '  fill:', '  fil:', /calls it "fil"/],
    ['no sentence', 'has passed on.', 'has passed on', /one sentence that ends in a full stop/],
    ['an undocumented key', '    entry    the cached value\n', '', /does not describe "entry" under KEYS/],
    [
      'an undocumented argument',
      '    token    what the entry must start with\n',
      '',
      /does not describe "token" under ARGV/,
    ],
    [
      'a key that is never bound',
      'the cached value\n',
      'the cached value\n    lease    who loads\n',
      /"lease" under KEYS, but it is never bound/,
    ],
    [
      'an argument that is never bound',
      'start with\n',
      'start with\n    other    x\n',
      /"other" under ARGV, but it is never bound/,
    ],
    [
      'a name without a meaning',
      '    entry    the cached value',
      '    entry',
      /cannot read "entry" under KEYS/,
    ],
    [
      'a name in the wrong section',
      'KEYS\n    entry    the cached value\n\n  ARGV',
      'ARGV\n    entry    the cached value',
      /does not describe "entry" under KEYS/,
    ],
    ['no reply', '  REPLY\n    1   filled\n    0   superseded, nothing was changed\n', '', /REPLY section/],
    ['a position used later', "'SET', entry", "'SET', KEYS[1]", /uses KEYS after the binding lines/],
    ['a gap', 'tonumber(ARGV[2])', 'tonumber(ARGV[3])', /bound to ARGV\[3\], but ARGV\[2\] comes next/],
    ['another expression', 'tonumber(ARGV[2])', 'ARGV[2] * 2', /allowed: KEYS\[n\]/],
    ['fewer values than names', 'ARGV[1], tonumber(ARGV[2])', 'ARGV[1]', /binds 2 names to 1 values/],
    [
      'a name bound twice',
      'local token, ttl_ms',
      'local entry, ttl_ms',
      /does not describe "entry" under ARGV/,
    ],
    ['camel case', 'local entry = KEYS[1]', 'local theEntry = KEYS[1]', /"theEntry" must be in snake_case/],
  ] as [string, string, string, RegExp][])('refuses %s', (_, from, to, message) => {
    expect(fill).toContain(from);
    expect(() => readLuaScript('fill', fill.replace(from, to))).toThrow(message);
  });
});

describe('generate', () => {
  let root: string;
  const scripts = () => join(root, 'packages/cache/src/scripts');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'keyslot-gen-'));
    mkdirSync(scripts(), { recursive: true });
    writeFileSync(join(scripts(), 'fill.lua'), fill);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('writes a module once, and then finds nothing to do', () => {
    expect(generate({ root, check: false }).written).toEqual(['packages/cache/src/scripts/generated.ts']);
    expect(generate({ root, check: false }).written).toEqual([]);
    expect(generate({ root, check: true }).stale).toEqual([]);
  });

  it('says where a stale module differs, and leaves it', () => {
    generate({ root, check: false });
    writeFileSync(join(scripts(), 'fill.lua'), fill.replace("'PX', ttl_ms", "'EX', ttl_ms"));
    const before = readFileSync(join(scripts(), 'generated.ts'), 'utf8');

    expect(generate({ root, check: true }).stale).toEqual([
      expect.stringMatching(/generated\.ts: line \d+ differs\n {2}- .*\n {2}\+ /),
    ]);
    expect(readFileSync(join(scripts(), 'generated.ts'), 'utf8')).toBe(before);
  });

  it('finds a missing module, and one whose scripts are gone', () => {
    expect(generate({ root, check: true }).stale[0]).toContain('does not exist yet');
    generate({ root, check: false });
    rmSync(join(scripts(), 'fill.lua'));
    expect(generate({ root, check: true }).stale[0]).toContain('no .lua file is left');
  });

  it('writes text that comes out of the module byte by byte', () => {
    const source = fill.replace('return', "local odd = '`${a}\\\\n' -- ü\nreturn");
    writeFileSync(join(scripts(), 'fill.lua'), source);
    generate({ root, check: false });

    const program = `import(${JSON.stringify(join(scripts(), 'generated.ts'))}).then((m) => console.log(JSON.stringify(m.fillLua)))`;
    const written: unknown = JSON.parse(
      execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }),
    );
    const { name, text, sha1 } = readLuaScript('fill', source);
    expect(written).toEqual({ name, text, sha1, keys: ['entry'], args: ['token', 'ttlMs'] });
  });
});
