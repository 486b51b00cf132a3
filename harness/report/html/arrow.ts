import { markup, type Markup } from '#report/markup.ts'
import { verdictWords } from '#report/words.ts'
import type { Crossing } from './crossings.ts'
import { gateOf, type PlacedCluster, type Point } from './layout.ts'

/**
 * The arrow of a crossing with what it says in words; its head is a marker whose id begins with `anchor`. `roomy`:
 * nothing else is near.
 */
export const arrow = (
  crossing: Crossing,
  from: PlacedCluster,
  to: PlacedCluster,
  roomy: boolean,
  anchor: string,
): Markup => {
  const [start, end] = ends(from, to)
  const told = wordsOf(crossing, roomy)
  const level = start.y === end.y
  // Of several lines, where they are farthest apart.
  const upper = Math.abs(start.x - end.x) < from.width / 2 ? 0.5 : 0.25
  const along = level || roomy ? 0.5 : start.y < end.y ? upper : 1 - upper
  // Above a line that goes across, on a line among others, and beside one that is alone: on its outer side.
  const side = !roomy ? 'middle' : start.y < end.y ? 'left' : 'right'
  const x = start.x + (end.x - start.x) * along + { left: -10, middle: 0, right: 10 }[side]
  const y = start.y + (end.y - start.y) * along + (level ? -8 : 4) - (told.length - 1) * 8
  return markup`<g class="arrow ${crossing.verdict}"><line x1="${Math.round(start.x)}" y1="${Math.round(start.y)}" x2="${Math.round(end.x)}" y2="${Math.round(end.y)}" marker-end="url(#${anchor}--${crossing.verdict})"/>${told.map(
    (text, index) =>
      markup`<text class="${side}" x="${Math.round(x)}" y="${Math.round(y + index * 17)}">${text}</text>`,
  )}</g>`
}

const wordsOf = ({ verdict, asked }: Crossing, roomy: boolean): string[] => {
  if (verdict === 'none') return ['not asked']
  const { mark, word } = verdictWords[verdict]
  const alike = asked.filter((one) => one.verdict === verdict)
  const count = alike.length === asked.length ? `${alike.length}` : `${alike.length} of ${asked.length}`
  return roomy
    ? [`${mark} ${count} ${word}`, ...(verdict === 'pass' ? [] : alike.slice(0, 1).map(({ id }) => id))]
    : [`${mark} ${count}`]
}

// Into another network's cluster through its gateway; out of a cluster beside it.
const ends = (from: PlacedCluster, to: PlacedCluster): [Point, Point] => {
  if (from.y === to.y) {
    const right = from.x < to.x
    const y = from.y + from.height / 2 + (right ? -16 : 24)
    return right
      ? [
          { x: from.x + from.width, y },
          { x: to.x, y },
        ]
      : [
          { x: from.x, y },
          { x: to.x + to.width, y },
        ]
  }
  const out = {
    x: from.x + from.width / 2 - (from.inward * from.width) / 4,
    y: from.y < to.y ? from.y + from.height : from.y,
  }
  const gate = gateOf(to)
  return [
    out,
    from.cluster.network === to.cluster.network
      ? { ...gate, y: from.y < to.y ? to.y : to.y + to.height }
      : { ...gate, y: gate.y + 12 * to.inward },
  ]
}
