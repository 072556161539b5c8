import type { Charged, Kept, Mode } from './counters.ts';

/** What was admitted, oldest first, and until when the subject is blocked. */
export interface Log {
  readonly blockedUntil: number;

  /** Until when the entries say anything; only beside a block, as the key expires then otherwise. */
  readonly knownUntil: number;
  readonly entries: readonly LogEntry[];
}

/** One admission. */
interface LogEntry {
  readonly at: number;
  readonly cost: number;
}

/** What a log is asked. */
export interface LogRequest {
  readonly mode: Mode;

  /** Negative to give back. */
  readonly cost: number;
  readonly limit: number;
  readonly windowUs: number;
}

/** The sliding log: what was admitted within the window before now, added up. What `log.lua` does. */
export function chargeLog(
  known: Log | undefined,
  serverNow: number,
  { mode, cost, limit, windowUs }: LogRequest,
): Charged<Log> {
  const blockedUs = Math.max((known?.blockedUntil ?? 0) - serverNow, 0);
  const seen = see(known?.entries ?? [], serverNow, windowUs);
  const { now, mended } = seen;
  let { entries } = seen;
  let used = sumOf(entries);

  const over = used + cost - limit;
  const admitted = blockedUs === 0 && over <= 0;
  const retryUs = over > 0 && mode !== 'force' ? goneAt(entries, over, now) + windowUs - now : 0;

  const charged =
    mode === 'force'
      ? Math.max(Math.min(cost, 2 * limit - used), -used)
      : mode === 'consume' && admitted
        ? cost
        : 0;
  if (charged > 0) entries = [...entries, { at: now, cost: charged }];
  // What is given back was admitted last.
  else entries = shortened(entries, used + charged);
  used += charged;

  const last = entries.at(-1)?.at ?? now;
  const resetUs = used > 0 ? Math.max(last + windowUs - now, 0) : 0;
  const decision = { admitted, blockedUs, standings: [{ free: limit - used, retryUs, resetUs }] };
  const isKept = charged !== 0 || (mended && mode !== 'peek');
  const blockedUntil = blockedUs > 0 ? (known?.blockedUntil ?? 0) : 0;
  const value = { blockedUntil, knownUntil: blockedUs > 0 ? serverNow + resetUs : 0, entries };
  return { decision, kept: isKept ? { value, forUs: Math.max(resetUs, blockedUs) } : undefined };
}

/**
 * Denies a subject everything for a time; 0 ends that, and forgets what is over: what `block-log.lua` does.
 *
 * @param leftMs - until the key expires
 */
export function blockLog(
  known: Log | undefined,
  now: number,
  blockUs: number,
  leftMs: number,
): Kept<Log | undefined> | undefined {
  const isBlocked = known !== undefined && known.blockedUntil > 0;
  if (blockUs === 0 && !isBlocked) return undefined;
  const entries = known?.entries ?? [];
  const knownUntil = isBlocked ? known.knownUntil : now + leftMs * 1000;
  const forUs = Math.max(knownUntil - now, blockUs);
  if (blockUs === 0 && (entries.length === 0 || forUs === 0)) return { value: undefined, forUs: 0 };
  return { value: { blockedUntil: blockUs > 0 ? now + blockUs : 0, knownUntil, entries }, forUs };
}

/** After a clock was set back, time stands still until it has caught up; or all is taken for now. */
function see(
  all: readonly LogEntry[],
  serverNow: number,
  windowUs: number,
): { readonly entries: readonly LogEntry[]; readonly now: number; readonly mended: boolean } {
  const last = all.at(-1)?.at ?? serverNow;
  if (last - serverNow > windowUs)
    return { entries: [{ at: serverNow, cost: sumOf(all) }], now: serverNow, mended: true };
  const now = Math.max(serverNow, last);
  return { entries: all.filter(({ at }) => at > now - windowUs), now, mended: false };
}

/** When the oldest entries are old enough that so much has gone. */
function goneAt(entries: readonly LogEntry[], over: number, now: number): number {
  let sum = 0;
  for (const { at, cost } of entries) {
    sum += cost;
    if (sum >= over) return at;
  }
  return now;
}

function shortened(entries: readonly LogEntry[], left: number): readonly LogEntry[] {
  const kept: LogEntry[] = [];
  let sum = 0;
  for (const { at, cost } of entries) {
    const fits = Math.min(cost, left - sum);
    if (fits > 0) kept.push({ at, cost: fits });
    sum += fits;
  }
  return kept;
}

function sumOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { cost }) => sum + cost, 0);
}
