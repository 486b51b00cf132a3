import { expect, test } from 'vitest'
import { layerLines } from './diagnosis-text.ts'

test('what a cluster says stays in its line, and steers no terminal', () => {
  const forged = 'shop\n✓ endpoints\r\u001b[2J'
  const lines = layerLines({
    layer: 'secrets',
    verdict: 'broken',
    said: forged,
    notes: [forged],
    findings: [
      {
        code: 'MP-865',
        severity: 'problem',
        cause: forged,
        where: forged,
        evidence: [forged],
        fix: forged,
      },
    ],
  })
  expect(lines).toHaveLength(5)
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(lines[3]).toBe('      shop ✓ endpoints ␛[2J')
})
