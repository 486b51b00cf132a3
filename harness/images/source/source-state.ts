import { execa } from '#programs.ts'
import { loadRecipes, type ReleaseRecipe } from './recipes.ts'
import { stamped } from './stamp.ts'

/**
 * The text or JSON of `images list`: the images of a lab with their programs, the versions of Kubernetes and the
 * releases of Istio that can be built, and the node images in the engine.
 */
export const sourceState = async (form: 'text' | 'json'): Promise<string> => {
  const { kubernetes, kubernetesVersions, roles, releases, images: recipes } = await loadRecipes()
  const built = (
    await execa('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}\t{{.Size}}', 'meshproof/node'], {
      reject: false,
    })
  ).stdout
  const nodes = built
    ? built
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([name = '', size = '']) => ({ name, size }))
    : []
  const tag = roles['tag'] ?? ''
  const images = recipes.map(({ name, programs }) => ({ name: stamped(name, tag), programs }))
  if (form === 'json') return JSON.stringify({ images, kubernetes: kubernetesVersions, releases, nodes }, null, 2)
  return [
    `Images of a lab, from source (Kubernetes ${kubernetes}, Istio ${tag})`,
    ...images.map(({ name, programs }) => `  ${name}${programs.length > 0 ? `  (${programs.join(', ')})` : ''}`),
    '',
    `Kubernetes, from source: ${kubernetesVersions.join(', ')}; a lab runs ${kubernetes}, or what --kubernetes names`,
    '',
    `Releases of Istio, from source: a lab runs ${tag}, or what --istio names; an upgrade goes from one to another`,
    ...releases.map(releaseLine),
    '',
    nodes.length === 0 ? 'No preloaded node image is built yet.' : 'Preloaded node images in the engine',
    ...nodes.map(({ name, size }) => `  ${name}  ${size}`),
  ].join('\n')
}

const releaseLine = ({ name, envoy }: ReleaseRecipe): string => `  ${name}  Envoy ${envoy}`
