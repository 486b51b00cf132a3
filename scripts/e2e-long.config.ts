import usual from './e2e.config.ts'

// What takes longer than a verify may: `npm run e2e:long`, by hand.
export default { test: { ...usual.test, include: ['harness/e2e/long/*.e2e.ts'] } }
