import { SLOT_COUNT, slotOf } from '@keyslot/keys';
import { expect, it } from 'vitest';
import { wakeChannelOf } from './wake-channel.ts';

it('lies in its slot, for every slot, and stays the same', () => {
  const slots = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
  const channels = slots.toReversed().map(wakeChannelOf).toReversed();
  expect(channels.map(slotOf)).toEqual(slots);
  expect(slots.map(wakeChannelOf)).toEqual(channels);
  expect(Math.max(...channels.map(({ length }) => length))).toBeLessThanOrEqual('keyslot:w:{abcd}'.length);
});
