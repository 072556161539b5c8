import { fileURLToPath } from 'node:url';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const conditions = ['@keyslot/source', ...defaultServerConditions];

/**
 * Projects by file name: whatever needs a cluster ends in `.cluster.test.ts`, the rest is fast. `docs` holds the
 * examples of the documentation, which tools/gen-doctests.mjs writes, and the tests that keep pages and code together.
 */
export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,examples,test,tools}/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            '**/dist/**',
            '**/*.cluster.test.ts',
            'test/docs/**',
            'test/.generated/**',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'docs',
          include: ['test/docs/**/*.test.ts', 'test/.generated/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['{packages,examples,test}/**/*.cluster.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Clusters of real processes on two cores: one file at a time keeps failures readable.
          fileParallelism: false,
        },
      },
    ],
  },
});
