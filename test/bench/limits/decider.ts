/** How much a subject may do. */
export interface Allowance {
  /** What is limited: no two share counters. */
  readonly name: string;
  readonly limit: number;

  /** Whole seconds: not every library knows shorter windows. */
  readonly perSeconds: number;
}

/** Whether a subject may go on now. Rejects when nobody could decide. */
export type Decide = (subject: string) => Promise<boolean>;

/** A library at work on the cluster. */
export interface OpenDecider extends AsyncDisposable {
  decides(allowance: Allowance): Decide;
}

/** A library that a service could limit with. */
export interface Decider {
  readonly name: string;

  /** The package whose version is shown. */
  readonly package: string;

  /** What it does for a decision, for the table. */
  readonly call: string;

  readonly open: (
    addresses: readonly { readonly host: string; readonly port: number }[],
  ) => Promise<OpenDecider>;
}
