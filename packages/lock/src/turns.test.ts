import type { Listener } from '@keyslot/cluster';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { lockKeyOf } from './resource.ts';
import { type Turn, Turns } from './turns.ts';

const MINE = 'token-0000000000';
const OTHERS = 'token-1111111111';

/** One who waits, on a channel that stands, and what is published there. */
function waiting() {
  const clock = new ManualClock();
  let listener: Listener | undefined;
  const subscribeShard = (_: string, heard: Listener) => {
    listener = heard;
    return { stands: true, [Symbol.asyncDispose]: async () => {} };
  };
  const turn = new Turns({ subscribeShard }, clock).expect(lockKeyOf('lock', '', 'order:42'), MINE);
  return { clock, turn, publish: (...tokens: string[]) => listener?.onMessage(Buffer.from(tokens.join(''))) };
}

async function settled(clock: ManualClock, turn: Turn, listens: boolean): Promise<string> {
  const awoken = turn.sleep(1_000, [], listens);
  await clock.advance(1_000);
  return await awoken;
}

describe('one who waits for its turn', () => {
  it('looks once more at first where calls arrive already, and then sleeps', async () => {
    const { clock, turn } = waiting();
    expect(await turn.sleep(1_000, [], false)).toBe('channel');
    expect(await settled(clock, turn, false)).toBe('time');
  });

  it('misses no call that comes while it looks, its own or that of others', async () => {
    const { clock, turn, publish } = waiting();
    await turn.sleep(1_000, [], true);
    publish(OTHERS);
    expect(await turn.sleep(1_000, [], true)).toBe('others');
    publish(OTHERS, MINE);
    publish(OTHERS);
    expect(await turn.sleep(1_000, [], true)).toBe('called');
    expect(await settled(clock, turn, true)).toBe('time');
  });

  it('is not awoken by the calls of others when they say nothing to it', async () => {
    const { clock, turn, publish } = waiting();
    await turn.sleep(1_000, [], false);
    publish(OTHERS);
    expect(await settled(clock, turn, false)).toBe('time');
    const asleep = turn.sleep(1_000, [], false);
    publish(OTHERS);
    await clock.advance(1_000);
    expect(await asleep).toBe('time');
  });
});
