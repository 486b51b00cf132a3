import { markup, type Markup } from '#report/markup.ts'
import { arrowLabel } from './arrow-label.ts'
import type { Crossing } from './crossings.ts'
import { gateOf, type PlacedCluster, type Point } from './layout.ts'

type Place = Point & { side: 'left' | 'middle' | 'right' }

/** The distance between the lines of a label. */
const lineHeight = 17

/**
 * The arrow of a crossing with its label, whose whole text is its title. `roomy`: nothing else is near, so that the
 * label has room for words. The head of the arrow is a marker whose id begins with `anchor`.
 */
export const arrow = (
  crossing: Crossing,
  from: PlacedCluster,
  to: PlacedCluster,
  roomy: boolean,
  anchor: string,
): Markup => {
  const [start, end] = ends(from, to)
  const label = arrowLabel(crossing, roomy)
  const place = placeOf(start, end, from.width, roomy)
  const top = place.y - ((label.lines.length - 1) * lineHeight) / 2
  const [x1, y1, x2, y2] = [start.x, start.y, end.x, end.y].map(Math.round)
  return markup`
    <g class="arrow ${crossing.verdict}"><title>${label.whole}</title>
    <line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" marker-end="url(#${anchor}--${crossing.verdict})"/>
    ${label.lines.map((line, index) => textLine(line, { ...place, y: top + index * lineHeight }))}</g>
  `
}

const textLine = (text: string, { x, y, side }: Place): Markup =>
  markup`<text class="${side}" x="${Math.round(x)}" y="${Math.round(y)}">${text}</text>`

/**
 * Where the label of an arrow stands. A single arrow has it beside itself, on the outer side. Among others it stands
 * above a level arrow, and otherwise on the arrow, where the arrows are farthest apart.
 */
const placeOf = (start: Point, end: Point, clusterWidth: number, roomy: boolean): Place => {
  const level = start.y === end.y
  const downwards = start.y < end.y
  const upper = Math.abs(start.x - end.x) < clusterWidth / 2 ? 0.5 : 0.25
  const along = level || roomy ? 0.5 : downwards ? upper : 1 - upper
  const side = !roomy ? 'middle' : downwards ? 'left' : 'right'
  return {
    x: start.x + (end.x - start.x) * along + { left: -10, middle: 0, right: 10 }[side],
    y: start.y + (end.y - start.y) * along + (level ? -8 : 4),
    side,
  }
}

// An arrow enters the cluster of another network through its gateway, and leaves a cluster beside its gateway.
const ends = (from: PlacedCluster, to: PlacedCluster): [Point, Point] => {
  if (from.y === to.y) {
    const rightwards = from.x < to.x
    const y = from.y + from.height / 2 + (rightwards ? -16 : 24)
    const [startX, endX] = rightwards ? [from.x + from.width, to.x] : [from.x, to.x + to.width]
    return [
      { x: startX, y },
      { x: endX, y },
    ]
  }
  const downwards = from.y < to.y
  const start = {
    x: from.x + from.width / 2 - (from.inward * from.width) / 4,
    y: downwards ? from.y + from.height : from.y,
  }
  const gate = gateOf(to)
  const edge = downwards ? to.y : to.y + to.height
  return [start, { ...gate, y: from.cluster.network === to.cluster.network ? edge : gate.y + 12 * to.inward }]
}
