// Zooms the timeline of an upgrade and tells the figures of a second. It reads nothing but the page, which is whole without it.
for (const figure of document.querySelectorAll('.traffic')) {
  const [chart, rows, readout, cursor, chosen, bands] = [
    '.chart',
    '.rows',
    '.readout',
    '.cursor',
    '.chosen',
    '.bands',
  ].map((one) => figure.querySelector(one))
  const length = Number(figure.dataset.length)
  const lanes = [...figure.querySelectorAll('.lane')]
  const phases = [...figure.querySelectorAll('.phases button')].map((button) => ({
    button,
    from: Number(button.dataset.from),
    until: Number(button.dataset.until),
  }))
  const events = [...figure.querySelectorAll('.events i')].map((mark) => ({
    second: Number(mark.dataset.second),
    text: mark.title,
    cluster: mark.closest('.row').querySelector('.label').textContent,
  }))
  let [zoom, second, at, begun] = [1, 0, 0, undefined]

  const limited = (value, least, most) => Math.min(Math.max(value, least), most)
  const secondAt = ({ clientX }) => {
    const { left, width } = bands.getBoundingClientRect()
    return limited(((clientX - left) / width) * length, 0, length - 0.001)
  }
  const percent = (value) => `${(value / length) * 100}%`

  // `fixed` stays where it is on the screen, `offset` pixels into the plot.
  const zoomTo = (wanted, fixed, offset) => {
    zoom = limited(wanted, 1, Math.max(1, length / 8))
    rows.style.setProperty('--zoom', String(zoom))
    figure.classList.toggle('near', zoom > 3)
    chart.scrollLeft = (fixed / length) * bands.clientWidth - offset
    for (const { button, from, until } of phases)
      button.setAttribute('aria-pressed', String(zoom > 1 && Math.abs(zoom - length / (until - from)) < 0.01))
  }
  const seen = () => bands.clientWidth / zoom
  const zoomBy = (factor, fixed = second) =>
    zoomTo(zoom * factor, fixed, (fixed / length) * bands.clientWidth - chart.scrollLeft)
  const show = (from, until) => zoomTo(length / (until - from), from, 0)

  const tell = () => {
    const whole = Math.floor(second)
    const [good, lost, slowest] = (lanes[at].dataset.seconds.split(',')[whole] ?? '0 0 0').split(' ').map(Number)
    const phase = phases.find(({ from, until }) => second >= from && second < until)
    const near = events
      .filter((event) => Math.abs(event.second - second) <= 1.5)
      .map(({ cluster, text }) => `${cluster.replace('Events of ', '')} ${text}`)
    const { probe, good: goodWord, bad } = lanes[at].dataset
    const figures =
      good + lost === 0
        ? 'nothing heard'
        : `${good} ${goodWord}${lost > 0 ? `, ${lost} ${bad}` : ''}${good > 0 ? `, slowest ${slowest} ms` : ''}`
    readout.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} · ${phase?.button.dataset.phase ?? 'no phase'} · ${probe}: ${figures}${near.length > 0 ? ` · ${near.join('; ')}` : ''}`
    lanes.forEach((lane, index) => lane.classList.toggle('told', index === at))
    cursor.hidden = false
    cursor.style.left = percent(whole)
    cursor.style.width = percent(1)
  }
  const moveTo = (next, lane) => {
    ;[second, at] = [limited(next, 0, length - 1), limited(lane, 0, lanes.length - 1)]
    tell()
    const x = (second / length) * bands.clientWidth
    if (x < chart.scrollLeft || x > chart.scrollLeft + seen() - 8) chart.scrollLeft = x - seen() / 2
    lanes[at].scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  const keys = {
    ArrowRight: ({ shiftKey }) => moveTo(second + (shiftKey ? 10 : 1), at),
    ArrowLeft: ({ shiftKey }) => moveTo(second - (shiftKey ? 10 : 1), at),
    ArrowDown: () => moveTo(second, at + 1),
    ArrowUp: () => moveTo(second, at - 1),
    Home: () => moveTo(0, at),
    End: () => moveTo(length - 1, at),
    '+': () => zoomBy(1.5),
    '=': () => zoomBy(1.5),
    '-': () => zoomBy(1 / 1.5),
    0: () => show(0, length),
  }
  chart.addEventListener('keydown', (event) => {
    const act = keys[event.key]
    if (event.target !== chart || !act || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    act(event)
  })
  chart.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      zoomBy(Math.exp(-event.deltaY / 300), secondAt(event))
    },
    { passive: false },
  )

  chart.addEventListener('pointerdown', (event) => {
    if (
      event.pointerType === 'mouse' &&
      event.button === 0 &&
      event.target.closest('.plot') &&
      !event.target.closest('button')
    )
      begun = secondAt(event)
  })
  chart.addEventListener('pointermove', (event) => {
    const lane = lanes.indexOf(event.target.closest('.lane'))
    if (event.target.closest('.plot')) {
      second = secondAt(event)
      if (lane >= 0) at = lane
      tell()
    }
    if (begun === undefined) return
    event.preventDefault()
    const [from, until] = [begun, secondAt(event)].toSorted((a, b) => a - b)
    chosen.hidden = false
    chosen.style.left = percent(from)
    chosen.style.width = percent(until - from)
  })
  addEventListener('pointerup', (event) => {
    if (begun === undefined) return
    const [from, until] = [begun, secondAt(event)].toSorted((a, b) => a - b)
    begun = undefined
    chosen.hidden = true
    if (((until - from) / length) * bands.clientWidth > 6) show(from, until)
  })
  for (const { button, from, until } of phases)
    button.addEventListener('click', () =>
      button.getAttribute('aria-pressed') === 'true' ? show(0, length) : show(from, until),
    )
  figure.querySelector('[data-zoom=in]').addEventListener('click', () => zoomBy(2))
  figure.querySelector('[data-zoom=out]').addEventListener('click', () => zoomBy(0.5))
  figure.querySelector('[data-zoom=whole]').addEventListener('click', () => show(0, length))
  figure.querySelector('.tools').hidden = false
}
