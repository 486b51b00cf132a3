import { defineConfig } from 'vitest/config'

// One file after the other: they share two cores and one engine.
export default defineConfig({
  test: {
    include: ['harness/e2e/*.e2e.ts'],
    globalSetup: ['harness/e2e/setup.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 10 * 60_000,
    hookTimeout: 5 * 60_000,
  },
})
