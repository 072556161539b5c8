import { expect, it } from 'vitest';
import { parseNodeLines } from './node-line.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

it('reads roles, slots and doubts of a CLUSTER NODES reply', () => {
  const reply = [
    `${A} 127.0.0.1:7000@17000 myself,master - 0 0 3 connected 0-99 200 [93->-${B}] [205-<-${B}]`,
    `${B} 127.0.0.1:7001@17001,host slave,fail? ${A} 0 0 2 connected`,
    '',
  ].join('\n');

  expect(parseNodeLines(reply)).toEqual([
    {
      id: A,
      isMyself: true,
      role: 'primary',
      primaryId: undefined,
      isDoubtful: false,
      epoch: 3,
      slots: [
        [0, 99],
        [200, 200],
      ],
    },
    { id: B, isMyself: false, role: 'replica', primaryId: A, isDoubtful: true, epoch: 2, slots: [] },
  ]);
});

it.each(['master,fail', 'handshake', 'master,noaddr'])('takes %s for a doubtful node', (flags) => {
  expect(parseNodeLines(`${A} :0@0 ${flags} - 0 0 0 disconnected`)[0]?.isDoubtful).toBe(true);
});
