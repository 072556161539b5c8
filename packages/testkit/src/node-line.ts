export type NodeRole = 'primary' | 'replica';

/** What one node says about another, or about itself: a line of `CLUSTER NODES`. */
export interface NodeLine {
  readonly id: string;
  readonly isMyself: boolean;
  readonly role: NodeRole;

  /** The primary that a replica follows. */
  readonly primaryId: string | undefined;

  /** Whether the node is believed to be down, suspected to be, or not known well yet. */
  readonly isDoubtful: boolean;

  readonly epoch: number;
  readonly slots: readonly SlotRange[];
}

/** From and to, both included. */
type SlotRange = readonly [from: number, to: number];

/** Reads the reply of `CLUSTER NODES`. */
export function parseNodeLines(reply: string): NodeLine[] {
  return reply
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): NodeLine {
  const [id = '', , flagList = '', primary = '-', , , epoch, link, ...rest] = line.split(' ');
  const flags = flagList.split(',');
  const isMyself = flags.includes('myself');

  return {
    id,
    isMyself,
    role: flags.includes('master') ? 'primary' : 'replica',
    primaryId: primary === '-' ? undefined : primary,
    isDoubtful:
      ['fail', 'fail?', 'handshake', 'noaddr'].some((flag) => flags.includes(flag)) ||
      (!isMyself && link !== 'connected'),
    epoch: Number(epoch),
    // In brackets are those on their way, which the node still, or not yet, owns.
    slots: rest.filter((slots) => !slots.startsWith('[')).map(parseRange),
  };
}

function parseRange(text: string): SlotRange {
  const [from, to = from] = text.split('-').map(Number) as [number, number?];
  return [from, to];
}
