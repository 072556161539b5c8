import { parentPort, workerData } from 'node:worker_threads';
import type { MutationName } from './mutations.ts';
import { mutate } from './mutations.ts';
import type { RacerData } from './racer.ts';
import type { Asked, Told } from './report.ts';

const { mutation, ...data } = workerData as RacerData & { readonly mutation: MutationName | undefined };
if (mutation !== undefined) mutate(mutation);
// Not before: what it imports is what is mutated.
const { Racer } = await import('./racer.ts');

const tell = (told: Told) => parentPort?.postMessage(told);
await using racer = new Racer(data, (finding) => tell({ kind: 'finding', finding }));
await racer.ready();
const begun = new Promise<void>((resolve) => {
  parentPort?.on('message', (asked: Asked) => {
    if (asked.kind === 'begin') resolve();
    else tell({ kind: 'log', round: asked.round, lines: racer.log(asked.round) });
  });
});
tell({ kind: 'ready' });
await begun;
await racer.race();
// What the last findings are about can still be asked.
await new Promise((resolve) => setTimeout(resolve, 100));
tell({ kind: 'over', counts: racer.counts, slowestMs: racer.slowestMs });
parentPort?.close();
