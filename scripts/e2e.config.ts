import { defineConfig } from 'vitest/config'

// The files run one after the other, because they share one container engine and often only two cores.
export default defineConfig({
  test: {
    include: ['harness/testing/e2e/*.e2e.ts'],
    globalSetup: ['harness/testing/e2e/setup.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 10 * 60_000,
    hookTimeout: 5 * 60_000,
  },
})
