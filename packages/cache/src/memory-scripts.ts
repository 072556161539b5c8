import { CommandFailedError, type LuaSource } from '@keyslot/cluster';
import { AT, HEAD_BYTES, VALUE } from './entry.ts';
import type { MemoryChannels } from './memory-channels.ts';
import type { Reply } from './memory-commands.ts';
import type { MemoryStore } from './memory-store.ts';
import * as generated from './scripts/generated.ts';

/** What a script works on: the keys, and the channels of their shard. */
interface MemoryShard {
  readonly store: MemoryStore;
  readonly channels: MemoryChannels;
}

/** A script's keys and arguments by the names that its Lua file gives them, arguments as bytes. */
type Body<Source> =
  Source extends LuaSource<infer Keys, infer Args>
    ? (
        shard: MemoryShard,
        keys: Readonly<Record<Keys, string>>,
        args: Readonly<Record<keyof Args & string, Buffer>>,
      ) => Reply
    : never;

/**
 * Each script once more, for a stand-in that runs no Lua. The compiler asks for one entry per `.lua` file; that both do
 * the same, `memory-client.cluster.test.ts` shows. They read like the Lua on purpose: compare them side by side.
 */
const BODIES: { readonly [Each in keyof typeof generated]: Body<(typeof generated)[Each]> } = {
  fillLua({ store, channels }, { entry }, { head, value, ttlMs, channel }) {
    const there = store.head(entry, HEAD_BYTES + 1);
    const found = there.subarray(0, HEAD_BYTES);
    if (found.equals(head)) {
      store.set(entry, value, numberOf(ttlMs));
      if (there[0] === LEASE && isMarked(there)) channels.publish(channel.toString(), head.subarray(1));
      return 1;
    }
    return found.equals(value.subarray(0, HEAD_BYTES)) ? 1 : 0;
  },

  markLua({ store }, { entry }, { lease }) {
    const head = store.head(entry, HEAD_BYTES + 1);
    if (!head.subarray(0, HEAD_BYTES).equals(lease)) return store.get(entry);
    if (head.length === HEAD_BYTES) store.append(entry, 'w');
    return [1, store.leftMs(entry)];
  },

  releaseLua({ store, channels }, { entry }, { head, channel, note }) {
    const there = store.head(entry, HEAD_BYTES + 1);
    if (!there.subarray(0, HEAD_BYTES).equals(head)) return 0;
    if (there[0] !== LEASE || !isMarked(there)) {
      store.delete(entry);
      return 1;
    }
    const said = Buffer.concat([head.subarray(1), note]);
    if (note.length === 0) store.delete(entry);
    else store.set(entry, Buffer.concat([Buffer.from('F'), said]), 1_000);
    channels.publish(channel.toString(), said);
    return 1;
  },

  renewLua({ store }, { entry }, { lease, leaseMs }) {
    if (!store.head(entry, HEAD_BYTES).equals(lease)) return 0;
    return store.expire(entry, numberOf(leaseMs)) ? 1 : 0;
  },

  retimeLua({ store, channels }, { entry }, { head, token, fresh, stale, ttlMs, remove, channel }) {
    const there = store.head(entry, AT.version + 1);
    if (there[0] !== VALUE || there[AT.version] !== 2) {
      if (remove.toString() !== '1' || !store.delete(entry)) return 0;
      if (there[0] === LEASE && isMarked(there)) {
        channels.publish(channel.toString(), there.subarray(1, HEAD_BYTES));
      }
      return 2;
    }
    if (head.length > 0 && !there.subarray(0, HEAD_BYTES).equals(head)) return 0;
    store.write(entry, 1, token);
    store.write(entry, AT.freshUntil, fresh);
    store.write(entry, AT.staleUntil, stale);
    if (numberOf(ttlMs) > 0) store.expire(entry, numberOf(ttlMs));
    return 1;
  },
};

const LEASE = 0x4c;

type AnyBody = (
  shard: MemoryShard,
  keys: Readonly<Record<string, string>>,
  args: Readonly<Record<string, Buffer>>,
) => Reply;

const sources = { ...generated };

const byName: ReadonlyMap<string, AnyBody> = new Map(
  (Object.keys(sources) as (keyof typeof sources)[]).map((each) => [sources[each].name, BODIES[each]]),
);

/** @throws {CommandFailedError} for a script that is none of the cache's own */
export function scriptBody(name: string): AnyBody {
  const body = byName.get(name);
  if (body !== undefined) return body;
  throw new CommandFailedError(
    `The script ${name}`,
    'NOSCRIPT the in-memory stand-in runs no Lua; it needs an entry in memory-scripts.ts',
  );
}

/** A head with a mark behind it, or any other byte. */
function isMarked(there: Buffer): boolean {
  return there.length === HEAD_BYTES + 1;
}

function numberOf(bytes: Buffer): number {
  return Number(bytes.toString());
}
