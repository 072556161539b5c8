import { gte, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { commits } from '../database/schema.ts';
import type { Commit } from './oracle.ts';

/** How often the database is asked for the time; the quickest answer is the most exact. */
const CLOCK_SAMPLES = 20;

/** The database's log of commits, and its clock, seen from here. */
export class CommitLog implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #db;
  #offsetMs = 0;
  #uncertaintyMs = 0;

  private constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 1, application_name: 'keyslot-places-demo' });
    // A broken connection shows in the next query, which is not forgiven.
    this.#pool.on('error', () => {});
    this.#db = drizzle({ client: this.#pool });
  }

  static async open(url: string): Promise<CommitLog> {
    const log = new CommitLog(url);
    try {
      await log.#compareClocks();
    } catch (error) {
      await log[Symbol.asyncDispose]();
      throw error;
    }
    return log;
  }

  /** The time on the database's clock, in milliseconds since the epoch. */
  now(): number {
    return performance.timeOrigin + performance.now() + this.#offsetMs;
  }

  /** By how much {@link now} may be off, in milliseconds. */
  get uncertaintyMs(): number {
    return this.#uncertaintyMs;
  }

  /** Every commit from that time on. */
  async since(timeMs: number): Promise<Commit[]> {
    const rows = await this.#db
      .select()
      .from(commits)
      .where(gte(commits.committedAt, new Date(timeMs)));
    return rows.map(({ placeId, version, committedAt }) => ({
      placeId,
      version,
      committedAtMs: committedAt.getTime(),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #compareClocks(): Promise<void> {
    let quickestMs = Number.POSITIVE_INFINITY;
    for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
      const before = performance.timeOrigin + performance.now();
      const { rows } = await this.#db.execute<{ ms: string }>(
        sql`select extract(epoch from clock_timestamp()) * 1000 as ms`,
      );
      const tookMs = performance.timeOrigin + performance.now() - before;
      if (tookMs >= quickestMs) continue;
      quickestMs = tookMs;
      this.#offsetMs = Number(rows[0]?.ms) - (before + tookMs / 2);
      this.#uncertaintyMs = tookMs / 2;
    }
  }
}
