import { Call, type CallOwner, type Safety } from './call.ts';

/** An owner that does nothing but note. */
export class Ledger implements CallOwner {
  readonly failed: Error[] = [];

  attemptFailed(_call: Call, error: Error): void {
    this.failed.push(error);
  }

  expired(call: Call): void {
    call.guard?.unanswered(call, true);
    call.fail(new Error('expired'));
  }

  settled(call: Call, how: 'answered' | 'given-up'): void {
    if (how === 'answered') call.guard?.answered(call);
    else call.guard?.unanswered(call, false);
  }
}

let made = 0;

/** A call of nobody's, for what stands between calls and nodes. */
export function callOf(
  {
    safety = 'idempotent',
    key,
    replaces = false,
  }: { safety?: Safety; key?: string; replaces?: boolean } = {},
  owner: CallOwner = new Ledger(),
): Call {
  const call = new Call(owner, 'set', [key ?? 'k', 'v'], 1, safety, 250, 'utf8');
  call.orderKey = key;
  call.replaces = replaces;
  call.madeAs = made++;
  call.onValue = () => {};
  call.onError = () => {};
  return call;
}
