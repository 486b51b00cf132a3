import { defineConfig } from 'vitest/config'
import { endToEnd } from './e2e.config.ts'

// End-to-end tests that take too long for `npm run verify`. Run them by hand with `npm run e2e:long`.
export default defineConfig({
  test: {
    ...endToEnd,
    include: ['harness/testing/e2e/long/*.e2e.ts'],
    setupFiles: ['scripts/e2e-long/skip-passed.ts'],
    fileParallelism: false,
    maxWorkers: 1,
  },
})
