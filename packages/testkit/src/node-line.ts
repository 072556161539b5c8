export type NodeRole = 'primary' | 'replica';

/** What one node says about another, or about itself: a line of `CLUSTER NODES`. */
export interface NodeLine {
  readonly id: string;
  readonly port: number;
  readonly isMyself: boolean;
  readonly role: NodeRole;

  /** The primary that a replica follows. */
  readonly primaryId: string | undefined;

  /** Whether the node is believed to be down, suspected to be, or not known well yet. */
  readonly isDoubtful: boolean;

  readonly epoch: number;
  readonly slots: readonly SlotRange[];

  /** Slots on their way here or away, by the id of the other node. */
  readonly moving: ReadonlyMap<number, string>;
}

/** From and to, both included. */
export type SlotRange = readonly [from: number, to: number];

/** Reads the reply of `CLUSTER NODES`. */
export function parseNodeLines(reply: string): NodeLine[] {
  return reply
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): NodeLine {
  const [id = '', address = '', flagList = '', primary = '-', , , epoch, link, ...rest] = line.split(' ');
  const flags = flagList.split(',');
  const isMyself = flags.includes('myself');

  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    isMyself,
    role: flags.includes('master') ? 'primary' : 'replica',
    primaryId: primary === '-' ? undefined : primary,
    isDoubtful:
      ['fail', 'fail?', 'handshake', 'noaddr'].some((flag) => flags.includes(flag)) ||
      (!isMyself && link !== 'connected'),
    epoch: Number(epoch),
    slots: rest.filter((slots) => !slots.startsWith('[')).map(parseRange),
    moving: new Map(rest.filter((slots) => slots.startsWith('[')).map(parseMoving)),
  };
}

function parseRange(text: string): SlotRange {
  const [from, to = from] = text.split('-').map(Number) as [number, number?];
  return [from, to];
}

/** `[93-<-id]` is being imported from there, `[93->-id]` is being migrated to there. */
function parseMoving(text: string): [number, string] {
  const [, slot, other] = /^\[(\d+)-[<>]-(\w+)\]$/.exec(text) as unknown as [string, string, string];
  return [Number(slot), other];
}
