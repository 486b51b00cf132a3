import { expect, test } from 'vitest'
import { idleLab } from '../testing/idle-lab.ts'
import { controlPlaneSpec } from './operator.ts'

test('a release that keeps the defaults of an older version is installed with them, another one says nothing of it', async () => {
  const lab = await idleLab()
  const { primary, images } = lab
  expect(controlPlaneSpec(primary, { ...lab, images: { ...images, compatibilityVersion: '1.30' } }, {})).toMatchObject({ values: { compatibilityVersion: '1.30' } })
  expect(controlPlaneSpec(primary, lab, {})['values']).not.toHaveProperty('compatibilityVersion')
})
