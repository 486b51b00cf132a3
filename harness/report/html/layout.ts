import type { TopologyResult } from '#results/results.ts'

type Cluster = TopologyResult['clusters'][number]

/** A rectangle of a picture, in its units. */
export type Box = { x: number; y: number; width: number; height: number }
export type Point = { x: number; y: number }
/** A cluster where it stands. `inward` is the side of it that faces the others: 1 below it, -1 above. */
export type PlacedCluster = Box & { cluster: Cluster; inward: 1 | -1 }
/** Where everything is. */
export type Layout = { width: number; height: number; clusters: PlacedCluster[]; networks: (Box & { name: string })[] }

const [width, margin, boxHeight, boxAlone, columnGap, frame, label] = [460, 8, 84, 270, 84, 14, 24]

/**
 * Clusters in rows of two at most, those of a network beside each other, so that no line between two of them meets a
 * third (up to four).
 */
export const layoutOf = (clusters: readonly Cluster[]): Layout => {
  const groups = [...Map.groupBy(clusters, ({ network }) => network).values()]
  const sorted = groups.flat()
  const rowGap = clusters.length > 2 ? 176 : 132
  const longest = sorted.length <= 2 ? 1 : 2
  // Three, the first alone on its network: it gets the first row.
  const first = sorted.length === 3 && groups[0]?.length === 1 ? 1 : longest
  const rest = sorted.slice(first)
  const rows = [
    sorted.slice(0, first),
    ...Array.from({ length: Math.ceil(rest.length / longest) }, (_, row) =>
      rest.slice(row * longest, (row + 1) * longest),
    ),
  ]
  const placed = rows.flatMap((row, index) => {
    const boxWidth = row.length === 1 ? boxAlone : (width - 2 * (margin + frame) - columnGap) / 2
    const left = (width - row.length * boxWidth - (row.length - 1) * columnGap) / 2
    return row.map((cluster, column) => ({
      cluster,
      inward: index === 0 ? (1 as const) : (-1 as const),
      x: left + column * (boxWidth + columnGap),
      y: margin + label + index * (boxHeight + rowGap),
      width: boxWidth,
      height: boxHeight,
      row: index,
    }))
  })
  const framed =
    groups.length === 1
      ? [placed]
      : rows.flatMap((_, index) => [
          ...Map.groupBy(
            placed.filter(({ row }) => row === index),
            ({ cluster }) => cluster.network,
          ).values(),
        ])
  return {
    width,
    height: 2 * margin + label + rows.length * boxHeight + (rows.length - 1) * rowGap + frame,
    clusters: placed,
    networks: framed.flatMap(around),
  }
}

/**
 * Where a cluster's gateway is: on the side that faces the others, off the middle, so that what comes in and what goes
 * out do not share a line.
 */
export const gateOf = ({ x, y, width: wide, height, inward }: Omit<PlacedCluster, 'cluster'>): Point => ({
  x: x + wide / 2 + (inward * wide) / 4,
  y: inward === 1 ? y + height : y,
})

// One frame a network and row; nothing around nothing.
const around = (boxes: PlacedCluster[]): Layout['networks'] => {
  const [one] = boxes
  if (!one) return []
  // A cluster alone in its row leaves room for words at its sides: they stay within its network's frame.
  const alone = boxes.every((box) => box.width === boxAlone)
  const [left, right] = alone
    ? [margin, width - margin]
    : [Math.min(...boxes.map(({ x }) => x)) - frame, Math.max(...boxes.map((box) => box.x + box.width)) + frame]
  const [top, bottom] = [
    Math.min(...boxes.map(({ y }) => y)) - label,
    Math.max(...boxes.map((box) => box.y + box.height)) + frame,
  ]
  return [{ name: one.cluster.network, x: left, y: top, width: right - left, height: bottom - top }]
}
