import { CommandFailedError, type LuaSource } from '@keyslot/cluster';
import type { MemoryState, MemoryStates } from './memory-state.ts';
import * as generated from './scripts/generated.ts';

/** What a script works on: the keys of a shard, and its channels. */
interface MemoryShard {
  readonly states: MemoryStates;
  publish(channel: string, message: string): void;
}

/** A script's key and arguments by the names that its Lua file gives them. */
type Body<Source> =
  Source extends LuaSource<infer Keys, infer Args>
    ? (
        shard: MemoryShard,
        keys: Readonly<Record<Keys, string>>,
        args: { readonly [Name in keyof Args]: Args[Name] extends number ? number : string },
      ) => number | readonly number[]
    : never;

/**
 * Each script once more, for a stand-in that runs no Lua. The compiler asks for one entry per `.lua` file; that both
 * behave alike, the suite in test/lock/behaviour shows, which runs on both. Compare them side by side with the Lua.
 */
const BODIES: { readonly [Each in keyof typeof generated]: Body<(typeof generated)[Each]> } = {
  acquireLua(shard, { lock }, { token, limit, ttlMs, stayMs, claimMs, keepMs }) {
    const { states } = shard;
    const now = states.now();
    const state = states.find(lock, now) ?? { number: 0, holders: [], waiters: [] };
    const { holders, waiters } = state;
    const save = () => {
      const called = callNext(state, now, claimMs);
      states.save(lock, state, now, keepMs);
      if (called !== '') shard.publish(lock, called);
    };

    const held = holders.find((each) => each.token === token);
    if (held !== undefined) {
      held.deadline = Math.max(held.deadline, now + ttlMs * 1_000);
      save();
      return [1, held.number];
    }

    let mine = waiters.findIndex((each) => each.token === token);
    if (mine < 0) mine = waiters.push({ token, limit, deadline: now + stayMs * 1_000, isCalled: true }) - 1;
    if (admitted(state) > mine) {
      waiters.splice(mine, 1);
      state.number = Math.max(state.number + 1, now);
      holders.push({ token, limit, deadline: now + ttlMs * 1_000, number: state.number });
      save();
      return [1, state.number];
    }

    const me = waiters[mine];
    if (stayMs > 0 && me !== undefined) {
      me.deadline = now + stayMs * 1_000;
      me.isCalled = false;
      save();
    } else {
      waiters.splice(mine, 1);
      if (admitted(state) > 0 && waiters[0]?.isCalled === false) save();
    }
    const next = Math.min(...[...holders, ...waiters.slice(0, mine)].map(({ deadline }) => deadline));
    return [0, Math.ceil((next - now) / 1_000), mine];
  },

  renewLua({ states }, { lock }, { token, ttlMs, keepMs }) {
    const now = states.now();
    const state = states.find(lock, now);
    const held = state?.holders.find((each) => each.token === token);
    if (state === undefined || held === undefined) return 0;
    held.deadline = Math.max(held.deadline, now + ttlMs * 1_000);
    states.save(lock, state, now, keepMs);
    return 1;
  },

  releaseLua(shard, { lock }, { token, claimMs, keepMs }) {
    const { states } = shard;
    const now = states.now();
    const state = states.find(lock, now);
    if (state === undefined) return 0;
    const isOther = (each: { readonly token: string }) => each.token !== token;
    const isHeld = !state.holders.every(isOther);
    if (!isHeld && state.waiters.every(isOther)) return 0;
    state.holders = state.holders.filter(isOther);
    state.waiters = state.waiters.filter(isOther);
    const isEmpty = state.holders.length + state.waiters.length === 0;
    if (isEmpty && keepMs === 0 && state.number < now) {
      states.delete(lock);
    } else {
      const called = callNext(state, now, claimMs);
      states.save(lock, state, now, keepMs);
      if (called !== '') shard.publish(lock, called);
    }
    return isHeld ? 1 : 2;
  },
};

/** How many of those who wait could take it now, all of them from the first one on. */
function admitted({ holders, waiters }: MemoryState): number {
  let held = holders.length;
  let isAlone = holders[0]?.limit === 0;
  for (const [i, { limit }] of waiters.entries()) {
    if (isAlone || (limit === 0 ? held > 0 : held >= limit)) return i;
    held++;
    isAlone = limit === 0;
  }
  return waiters.length;
}

/** The tokens of those who could take it now and have not been called. They have some time to come. */
function callNext(state: MemoryState, now: number, claimMs: number): string {
  const called = state.waiters.slice(0, admitted(state)).filter(({ isCalled }) => !isCalled);
  for (const each of called) {
    each.deadline = Math.min(each.deadline, now + claimMs * 1_000);
    each.isCalled = true;
  }
  return called.map(({ token }) => token).join('');
}

type AnyBody = (
  shard: MemoryShard,
  keys: Readonly<Record<string, string>>,
  args: Readonly<Record<string, unknown>>,
) => number | readonly number[];

const sources = { ...generated };

const byName: ReadonlyMap<string, AnyBody> = new Map(
  (Object.keys(sources) as (keyof typeof sources)[]).map((each) => [
    sources[each].name,
    BODIES[each] as unknown as AnyBody,
  ]),
);

/** @throws {CommandFailedError} for a script that is none of the locks' own */
export function scriptBody(name: string): AnyBody {
  const body = byName.get(name);
  if (body !== undefined) return body;
  throw new CommandFailedError(`The script ${name}`, 'NOSCRIPT the in-memory stand-in runs no Lua');
}
