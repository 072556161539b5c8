import { ClusterClient } from '@keyslot/cluster';
import { KeyslotModule } from '@keyslot/nestjs';
import { testWith } from '@keyslot/testkit/vitest';
import { Logger } from '@nestjs/common';
import { expect, vi } from 'vitest';
import { optionsFor, startAppFrom } from './app.ts';

const test = testWith({ replicasPerPrimary: 0, requireFullCoverage: true });

test("the module logs each kind of warning about its cluster once, and none about another client's", async ({
  cluster,
}) => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  try {
    await using other = new ClusterClient({ nodes: cluster.addresses });
    await other.ready();
    await using app = await startAppFrom({ imports: [KeyslotModule.forRoot(optionsFor(cluster))] });
    await app.cache.ready();
    await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 8000);
    const lines = warn.mock.calls.map(([line]) => String(line));
    expect(lines).toHaveLength(3);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^FULL_COVERAGE_REQUIRED: 127\.0\.0\.1:\d+: refuses .* \(and 2 more\) Set `cluster-require-full-coverage no`/,
      ),
    );
  } finally {
    warn.mockRestore();
  }
});
