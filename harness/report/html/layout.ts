import type { TopologyResult } from '#results/results.ts'

type Cluster = TopologyResult['clusters'][number]

/** A rectangle of a picture, in its units. */
export type Box = { x: number; y: number; width: number; height: number }
/** A point of a picture, in its units. */
export type Point = { x: number; y: number }
/** A cluster with its place. `inward` is the side that faces the other clusters: 1 below the cluster, -1 above it. */
export type PlacedCluster = Box & { cluster: Cluster; inward: 1 | -1 }
/** The places of all clusters and networks, and the size of the picture. */
export type Layout = { width: number; height: number; clusters: PlacedCluster[]; networks: (Box & { name: string })[] }

const [width, margin, boxHeight, boxAlone, columnGap, frame, label] = [460, 8, 84, 270, 84, 14, 24]

/**
 * Places clusters in rows of at most two, those of a network beside each other. With up to four clusters no line
 * between two of them meets a third.
 */
export const layoutOf = (clusters: readonly Cluster[]): Layout => {
  const groups = [...Map.groupBy(clusters, ({ network }) => network).values()]
  const sorted = groups.flat()
  const rowGap = clusters.length > 2 ? 176 : 132
  const longest = sorted.length <= 2 ? 1 : 2
  // Of three clusters, a first one that is alone on its network gets the first row.
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
 * Where the gateway of a cluster is: on the side that faces the other clusters, beside the middle, so that the arrows
 * into and out of the cluster do not share a line.
 */
export const gateOf = ({ x, y, width: boxWidth, height, inward }: Omit<PlacedCluster, 'cluster'>): Point => ({
  x: x + boxWidth / 2 + (inward * boxWidth) / 4,
  y: inward === 1 ? y + height : y,
})

// The frame around the clusters of a network in a row.
const around = (boxes: PlacedCluster[]): Layout['networks'] => {
  const [first] = boxes
  if (!first) return []
  // A cluster alone in its row leaves room for words at its sides: the frame of its network includes them.
  const alone = boxes.every((box) => box.width === boxAlone)
  const [left, right] = alone
    ? [margin, width - margin]
    : [Math.min(...boxes.map(({ x }) => x)) - frame, Math.max(...boxes.map((box) => box.x + box.width)) + frame]
  const [top, bottom] = [
    Math.min(...boxes.map(({ y }) => y)) - label,
    Math.max(...boxes.map((box) => box.y + box.height)) + frame,
  ]
  return [{ name: first.cluster.network, x: left, y: top, width: right - left, height: bottom - top }]
}
