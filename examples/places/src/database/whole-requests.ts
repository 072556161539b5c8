import type { PGlite } from '@electric-sql/pglite';

/** First bytes of the messages after which a request is over: Sync, and a simple Query. */
const LAST_MESSAGES = new Set(['S', 'Q']);

/** First bytes of those with which it is still going on: Parse, Bind, Describe, Execute, Close, Flush. */
const EARLIER_MESSAGES = new Set(['P', 'B', 'D', 'E', 'C', 'H']);

/**
 * Makes a PGlite fit to be served to several connections by pglite-socket.
 *
 * A request with parameters is several messages: Parse, Bind, Execute, Sync. The socket server queues single
 * messages, and only keeps to one connection while a transaction is open. Between two requests that wait, it
 * takes turns; one connection's Bind then meets the other's Parse, and callers get each other's answers. So a
 * request that has begun is reported as an open transaction until its last message.
 */
export function keepRequestsWhole(pglite: PGlite): void {
  const execute = pglite.execProtocolRawStream.bind(pglite);
  const isInTransaction = pglite.isInTransaction.bind(pglite);
  let isInRequest = false;

  pglite.isInTransaction = () => isInRequest || isInTransaction();
  pglite.execProtocolRawStream = async (message, options) => {
    const kind = String.fromCharCode(message[0] ?? 0);
    if (EARLIER_MESSAGES.has(kind)) isInRequest = true;
    try {
      await execute(message, options);
    } finally {
      if (LAST_MESSAGES.has(kind)) isInRequest = false;
    }
  };
}
