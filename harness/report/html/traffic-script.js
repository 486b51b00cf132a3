// Zooms the timeline of an upgrade, and shows the figures of the second at the pointer or the keys. It reads only the
// page, which is complete without it.
for (const figure of document.querySelectorAll('.traffic')) {
  const [chart, rows, readout, cursor, chosen, bands] = [
    '.chart',
    '.rows',
    '.readout',
    '.cursor',
    '.chosen',
    '.bands',
  ].map((selector) => figure.querySelector(selector))
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
  let zoom = 1
  // The second and the lane whose figures are shown.
  let [second, current] = [0, 0]
  // Where a drag began, in seconds; undefined while there is none.
  let dragStart

  const limited = (value, least, most) => Math.min(Math.max(value, least), most)
  const secondAt = ({ clientX }) => {
    const { left, width } = bands.getBoundingClientRect()
    return limited(((clientX - left) / width) * length, 0, length - 0.001)
  }
  const percent = (value) => `${(value / length) * 100}%`

  // The second `fixed` stays where it is on the screen, `offset` pixels into the plot.
  const zoomTo = (wanted, fixed, offset) => {
    zoom = limited(wanted, 1, Math.max(1, length / 8))
    rows.style.setProperty('--zoom', String(zoom))
    figure.classList.toggle('near', zoom > 3)
    chart.scrollLeft = (fixed / length) * bands.clientWidth - offset
    for (const { button, from, until } of phases)
      button.setAttribute('aria-pressed', String(zoom > 1 && Math.abs(zoom - length / (until - from)) < 0.01))
  }
  const visibleWidth = () => bands.clientWidth / zoom
  const zoomBy = (factor, fixed = second) =>
    zoomTo(zoom * factor, fixed, (fixed / length) * bands.clientWidth - chart.scrollLeft)
  const show = (from, until) => zoomTo(length / (until - from), from, 0)

  const figuresAt = (whole) => {
    const { probe, good: goodWord, bad, seconds } = lanes[current].dataset
    const [good, lost, slowest] = (seconds.split(',')[whole] ?? '0 0 0').split(' ').map(Number)
    const figures = [
      `${good} ${goodWord}`,
      ...(lost > 0 ? [`${lost} ${bad}`] : []),
      ...(good > 0 ? [`slowest ${slowest} ms`] : []),
    ]
    return `${probe}: ${good + lost === 0 ? 'nothing heard' : figures.join(', ')}`
  }
  const describe = () => {
    const whole = Math.floor(second)
    const phase = phases.find(({ from, until }) => second >= from && second < until)
    const near = events
      .filter((event) => Math.abs(event.second - second) <= 1.5)
      .map(({ cluster, text }) => `${cluster.replace('Events of ', '')} ${text}`)
    readout.textContent = [
      `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`,
      phase?.button.dataset.phase ?? 'no phase',
      figuresAt(whole),
      ...(near.length > 0 ? [near.join('; ')] : []),
    ].join(' · ')
    lanes.forEach((lane, index) => lane.classList.toggle('current', index === current))
    cursor.hidden = false
    cursor.style.left = percent(whole)
    cursor.style.width = percent(1)
  }
  const moveTo = (next, lane) => {
    second = limited(next, 0, length - 1)
    current = limited(lane, 0, lanes.length - 1)
    describe()
    const x = (second / length) * bands.clientWidth
    const width = visibleWidth()
    if (x < chart.scrollLeft || x > chart.scrollLeft + width - 8) chart.scrollLeft = x - width / 2
    lanes[current].scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }

  const keys = {
    ArrowRight: ({ shiftKey }) => moveTo(second + (shiftKey ? 10 : 1), current),
    ArrowLeft: ({ shiftKey }) => moveTo(second - (shiftKey ? 10 : 1), current),
    ArrowDown: () => moveTo(second, current + 1),
    ArrowUp: () => moveTo(second, current - 1),
    Home: () => moveTo(0, current),
    End: () => moveTo(length - 1, current),
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
      dragStart = secondAt(event)
  })
  chart.addEventListener('pointermove', (event) => {
    const lane = lanes.indexOf(event.target.closest('.lane'))
    if (event.target.closest('.plot')) {
      second = secondAt(event)
      if (lane >= 0) current = lane
      describe()
    }
    if (dragStart === undefined) return
    event.preventDefault()
    const [from, until] = [dragStart, secondAt(event)].toSorted((a, b) => a - b)
    chosen.hidden = false
    chosen.style.left = percent(from)
    chosen.style.width = percent(until - from)
  })
  addEventListener('pointerup', (event) => {
    if (dragStart === undefined) return
    const [from, until] = [dragStart, secondAt(event)].toSorted((a, b) => a - b)
    dragStart = undefined
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
