import { execa } from 'execa'
import { loadRecipes } from './recipes.ts'

/** What `images list` prints: the images a lab is made of, and the programs they hold. */
export const sourceState = async (form: 'text' | 'json'): Promise<string> => {
  const recipes = await loadRecipes()
  const built = (await execa('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}\t{{.Size}}', 'meshproof/node'], { reject: false })).stdout
  const nodes = built ? built.split('\n').map((line) => line.split('\t')).map(([name = '', size = '']) => ({ name, size })) : []
  if (form === 'json') return JSON.stringify({ images: recipes.images.map(({ name, programs }) => ({ name, programs })), nodes }, null, 2)
  return [
    `Images of a lab, from source (Kubernetes ${recipes.kubernetes}, Istio ${recipes.roles['tag'] ?? ''}, Envoy ${recipes.envoy})`,
    ...recipes.images.map(({ name, programs }) => `  ${name}${programs.length > 0 ? `  (${programs.join(', ')})` : ''}`),
    '',
    nodes.length === 0 ? 'No preloaded node image is built yet.' : 'Preloaded node images in the engine',
    ...nodes.map(({ name, size }) => `  ${name}  ${size}`),
  ].join('\n')
}
