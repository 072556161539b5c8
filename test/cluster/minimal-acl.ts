import { readFileSync } from 'node:fs';

const README = new URL('../../packages/cluster/README.md', import.meta.url);

/** The ACL rule that the README of the package gives, for another application's keys. */
export function aclRule(prefix: string): string[] {
  const [, rule] = /^```text acl\n([^`]+)\n```$/m.exec(readFileSync(README, 'utf8')) ?? [];
  if (rule === undefined)
    throw new Error('The README of @keyslot/cluster has no fence opened with ```text acl');
  return rule.replaceAll('shop', prefix).split(/\s+/);
}
