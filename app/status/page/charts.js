'use strict';
// Curves over the last minutes: uPlot for lines, plain canvases for bars, dots and the heat map.
// Everything draws from `history` (page.js): columns of numbers, one row for each second.

const charts = (() => {
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const kColors = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6'];
  const color = index => css(kColors[index % kColors.length]);
  const font = '11px system-ui, "Liberation Sans", sans-serif';
  const kAxisLeft = 58, kAxisBottom = 22, kTop = 6, kRight = 26;
  const plotHeight = host => host.classList.contains('small') ? 116 : 154;
  const lines = new Map();

  const clock = seconds => new Date(seconds * 1000).toTimeString().slice(0, 8);

  const options = (host, spec) => ({
    width: Math.max(200, host.clientWidth),
    height: plotHeight(host),
    padding: [kTop, kRight, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { x: { time: true },
      y: spec.log ? { distr: 3, log: 10 } : { range: (u, low, high) => [0, Math.max(high * 1.08, spec.least)] } },
    axes: [
      { stroke: css('--soft'), font, size: kAxisBottom, space: 70, grid: { stroke: css('--grid'), width: 1 }, ticks: { show: false },
        values: (u, at) => at.map(t => clock(t).slice(0, u.scales.x.max - u.scales.x.min > 240 ? 5 : 8)) },
      { stroke: css('--soft'), font, size: kAxisLeft, space: spec.log ? 22 : 30, grid: { stroke: css('--grid'), width: 1 }, ticks: { show: false },
        filter: spec.log ? (u, at) => at.map(v => Math.abs(Math.log10(v) % 1) < 1e-9 || Math.abs(Math.log10(v) % 1) > 1 - 1e-9 ? v : null) : undefined,
        values: (u, at) => at.map(v => v === null ? '' : spec.text(v)) },
    ],
    series: [{ label: 'time', value: (u, v) => v === null ? '' : clock(v) },
      ...spec.series.map(one => ({ label: one.label, stroke: color(one.color), width: one.dash ? 1 : 1.4, dash: one.dash,
        points: { show: false }, spanGaps: false, value: (u, v) => v === null || v === undefined ? '-' : spec.text(v) }))],
  });

  // spec: {log, least, text(value), series: [{label, column, color, dash}]}. Made anew only when the
  // series, the theme or the width change; otherwise the data is exchanged.
  function drawLines(id, spec, time, columns, span) {
    const host = document.getElementById(id);
    const key = spec.series.map(one => one.label).join('|') + '|' + host.clientWidth + '|' + css('--text');
    let chart = lines.get(id);
    const data = [time, ...spec.series.map(one => columns(one.column))];
    if (!chart || chart.key !== key) {
      if (chart) chart.plot.destroy();
      chart = { key, plot: new uPlot(options(host, spec), data, host) };
      lines.set(id, chart);
    } else {
      chart.plot.setData(data, false);
    }
    const last = time.length ? time[time.length - 1] : 0;
    if (chart.plot.cursor.idx === null || chart.plot.cursor.idx === undefined) chart.plot.setLegend({ idx: time.length - 1 }, false);
    chart.plot.batch(() => {
      chart.plot.setScale('x', { min: last - span, max: last });
      if (spec.log) chart.plot.setScale('y', logRange(data.slice(1), time, last - span));
    });
  }

  function logRange(columns, time, from) {
    let low = Infinity, high = -Infinity;
    for (const column of columns) {
      for (let i = 0; i < column.length; i++) {
        if (time[i] < from || !(column[i] > 0)) continue;
        low = Math.min(low, column[i]);
        high = Math.max(high, column[i]);
      }
    }
    if (low > high) return { min: 1e-6, max: 1e-2 };
    return { min: 10 ** Math.floor(Math.log10(low)), max: 10 ** Math.ceil(Math.log10(high) + 1e-9) };
  }

  // A canvas in `host` at the resolution of the screen, cleared.
  function canvasOf(host) {
    let canvas = host.querySelector('canvas.plain');
    if (!canvas) {
      canvas = document.createElement('canvas');
      canvas.className = 'plain';
      canvas.setAttribute('role', 'img');
      host.append(canvas);
    }
    const scale = window.devicePixelRatio || 1;
    const width = host.clientWidth, height = canvas.clientHeight || host.clientHeight;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const pen = canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = font;
    return { canvas, pen, width, height };
  }

  function timeAxis(pen, width, height, last, span) {
    pen.fillStyle = css('--soft');
    pen.textAlign = 'center';
    pen.textBaseline = 'alphabetic';
    const step = [10, 15, 30, 60, 120, 300].find(s => (width - kAxisLeft) / (span / s) >= 64) || 300;
    for (let t = Math.ceil((last - span) / step) * step; t <= last; t += step) {
      const x = kAxisLeft + (width - kAxisLeft - kRight) * (1 - (last - t) / span);
      if (x > kAxisLeft + 14 && x < width - 20) pen.fillText(clock(t).slice(0, span > 240 ? 5 : 8), x, height - 6);
    }
  }

  // rows: one for each second, {time, cells: counts of that second by bucket}.
  function drawHeat(id, bounds, rows, last, span, text) {
    const { canvas, pen, width, height } = canvasOf(document.getElementById(id));
    const shown = rows.filter(row => row.time >= last - span);
    let first = bounds.length, end = 0, most = 0;
    for (const row of shown) {
      row.cells.forEach((count, bucket) => {
        if (count <= 0) return;
        first = Math.min(first, bucket);
        end = Math.max(end, bucket + 1);
        most = Math.max(most, count);
      });
    }
    if (end === 0) { first = 0; end = 12; }
    first = Math.max(0, Math.min(first, end - 6));
    end = Math.max(end, first + 6);
    const bottom = height - kAxisBottom, high = bottom - kTop, wide = width - kAxisLeft - kRight;
    const y = bucket => bottom - high * (bucket - first) / (end - first);
    const heat = css('--heat');
    for (const row of shown) {
      const x = kAxisLeft + wide * (1 - (last - row.time + 1) / span);
      row.cells.forEach((count, bucket) => {
        if (count <= 0 || x < kAxisLeft) return;
        pen.fillStyle = `rgba(${heat},${(0.10 + 0.90 * Math.log1p(count) / Math.log1p(most)).toFixed(3)})`;
        pen.fillRect(x, y(bucket + 1), wide / span + 0.6, high / (end - first) - 0.5);
      });
    }
    pen.fillStyle = css('--soft');
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    const step = Math.ceil((end - first) / 7);
    for (let bucket = first; bucket < end && bucket < bounds.length; bucket += step) {
      pen.fillText(text(bounds[bucket]), kAxisLeft - 6, Math.max(y(bucket + 1), 6));
    }
    timeAxis(pen, width, height, last, span);
    canvas.setAttribute('aria-label', most ? 'Batches by latency over time, up to ' + most + ' in one second' : 'No batches yet');
  }

  // rows: one for each channel, {name, marks: [{time, kind, count}]}.
  function drawGaps(id, rows, last, span) {
    const { canvas, pen, width, height } = canvasOf(document.getElementById(id));
    const bottom = height - kAxisBottom, wide = width - kAxisLeft - kRight;
    const tall = Math.min(34, (bottom - kTop) / Math.max(1, rows.length));
    const paint = { filled: css('--s1'), bridged: css('--s4'), open: css('--s5'), lost: css('--bad') };
    let marks = 0;
    rows.forEach((row, at) => {
      const top = kTop + at * tall;
      pen.fillStyle = css('--grid');
      pen.fillRect(kAxisLeft, top + tall * 0.5, wide, 1);
      pen.fillStyle = css('--soft');
      pen.textAlign = 'right';
      pen.textBaseline = 'middle';
      pen.fillText(row.name.split('/').pop().slice(0, 9), kAxisLeft - 6, top + tall * 0.5);
      for (const mark of row.marks) {
        if (mark.time < last - span) continue;
        const x = kAxisLeft + wide * (1 - (last - mark.time) / span);
        const size = Math.min(tall * 0.85, 5 + 4 * Math.log10(1 + mark.count));
        pen.fillStyle = paint[mark.kind];
        pen.fillRect(x - 1.5, top + (tall - size) / 2, Math.max(3, wide / span), size);
        marks++;
      }
    });
    timeAxis(pen, width, height, last, span);
    canvas.setAttribute('aria-label', marks + ' marks of gaps in the time shown');
  }

  // Stacked shares, one bar for each second. rows: [{time, cache, stack, reserve, refused}] of one pool.
  function drawLadder(host, rows, last, span) {
    const { pen, width, height } = canvasOf(host);
    const paint = [['cache', css('--s1')], ['stack', css('--s3')], ['reserve', css('--s5')], ['refused', css('--bad')]];
    pen.fillStyle = css('--grid');
    pen.fillRect(0, 0, width, height);
    for (const row of rows) {
      const all = row.cache + row.stack + row.reserve + row.refused;
      if (row.time < last - span || all <= 0) continue;
      const x = width * (1 - (last - row.time + 1) / span);
      let bottom = height;
      for (const [kind, fill] of paint) {
        // What is rare has to be seen: at least two pixels.
        const tall = row[kind] > 0 ? Math.max(2, height * row[kind] / all) : 0;
        pen.fillStyle = fill;
        pen.fillRect(x, Math.max(0, bottom - tall), width / span + 0.6, tall);
        bottom -= tall;
      }
    }
  }

  return { drawLines, drawHeat, drawGaps, drawLadder };
})();
