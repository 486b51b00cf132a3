import endToEnd from './e2e.config.ts'

// End-to-end tests that take too long for `npm run verify`. Run them by hand with `npm run e2e:long`.
export default { test: { ...endToEnd.test, include: ['harness/testing/e2e/long/*.e2e.ts'] } }
