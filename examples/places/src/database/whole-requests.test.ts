import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { keepRequestsWhole } from './whole-requests.ts';

const closings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).toReversed()) await close();
});

/** Requests of two kinds and some transactions, over several connections. @returns how many were answered wrongly. */
async function countWrongAnswers(prepare: (pglite: PGlite) => void): Promise<number> {
  const pglite = await PGlite.create();
  closings.push(() => pglite.close());
  prepare(pglite);
  const server = new PGLiteSocketServer({ db: pglite, host: '127.0.0.1', port: 0, maxConnections: 8 });
  await server.start();
  closings.push(() => server.stop());
  const pool = new pg.Pool({
    connectionString: `postgresql://postgres@${server.getServerConn()}/postgres`,
    max: 4,
  });
  closings.push(() => pool.end());

  const ask = async (number: number) => {
    if (number % 10 === 0) {
      const client = await pool.connect();
      await client.query('begin');
      await client.query('select $1::int as x', [number]);
      await client.query('commit');
      client.release();
    }
    const { rows } = await (number % 2 === 0
      ? pool.query<{ x: number }>('select $1::int as x', [number])
      : pool.query<{ x: number }>('select $2::int as x, $1::text as y', ['y', number]));
    return rows[0]?.x === number;
  };
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, number) => ask(number).catch(() => false)),
  );
  return answers.filter((right) => !right).length;
}

describe('keepRequestsWhole', () => {
  it('gives every connection its own answers', async () => {
    expect(await countWrongAnswers(keepRequestsWhole)).toBe(0);
  }, 30_000);

  it('is needed: without it, connections get each other’s answers', async () => {
    expect(await countWrongAnswers(() => {})).toBeGreaterThan(0);
  }, 30_000);
});
