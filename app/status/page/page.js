'use strict';
// Keeps what /events says for some minutes and shows it. Elements are made once and then changed in
// place; all text goes through textContent, so that no name or symbol is ever taken for markup.

const kRows = 900;  // seconds that are kept
const kPools = ['serialization', 'compression', 'simd'];
const element = id => document.getElementById(id);

// ---- Text of numbers ------------------------------------------------------------------------

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const money = new Intl.NumberFormat('en-US', { minimumFractionDigits: 4, maximumFractionDigits: 4 });
const known = n => n !== null && n !== undefined && Number.isFinite(n);
const count = n => known(n) ? whole.format(n) : '-';
const price = n => known(n) ? money.format(n) : '-';
const amount = n => typeof n === 'string' ? n : count(n);  // text has a fraction
const percent = n => known(n) ? (n * 100).toFixed(1) + ' %' : '-';
const mega = n => known(n) ? (n / 1e6).toFixed(2) : '-';
const short = n => !known(n) ? '-' : n >= 1e6 ? +(n / 1e6).toPrecision(3) + ' M' : n >= 1e4 ? +(n / 1e3).toPrecision(3) + ' k'
  : n < 10 && !Number.isInteger(n) ? n.toFixed(1) : whole.format(n);
const bytes = n => {
  let unit = 0;
  for (; n >= 1024 && unit < 4; n /= 1024) unit++;
  return n.toFixed(unit && n < 100 ? 1 : 0) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit];
};
const time = s => {
  if (!known(s)) return '-';
  const [value, unit] = s < 1e-3 ? [s * 1e6, '\u00b5s'] : s < 1 ? [s * 1e3, 'ms'] : [s, 's'];
  return (value >= 99.95 ? value.toFixed(0) : value.toFixed(1)) + ' ' + unit;
};
const roughly = s => !known(s) ? '' : s < 1e-3 ? +(s * 1e6).toPrecision(2) + ' \u00b5s' : s < 1 ? +(s * 1e3).toPrecision(2) + ' ms'
  : +s.toPrecision(2) + ' s';
const duration = s => s < 60 ? s.toFixed(0) + ' s' : s < 3600 ? Math.floor(s / 60) + ' min'
  : s < 172800 ? (s / 3600).toFixed(1) + ' h' : (s / 86400).toFixed(1) + ' d';
const total = counts => Object.values(counts).reduce((a, b) => a + b, 0);

// ---- Elements that change in place ----------------------------------------------------------

function write(node, text, state = '') {
  if (node.textContent !== text) node.textContent = text;
  if (node.className !== state) node.className = state;
}

// Rows of a table by key. A row stays the same element as long as its key is there.
class Rows {
  constructor(id, columns) {
    this.body = element(id).tBodies[0];
    this.columns = columns;
    this.rows = new Map();
  }

  // entries: [key, [text or [text, class] for each column]].
  show(entries) {
    const keys = new Set(entries.map(([key]) => key));
    for (const [key, row] of this.rows) {
      if (!keys.has(key)) { row.remove(); this.rows.delete(key); }
    }
    entries.forEach(([key, cells], at) => {
      let row = this.rows.get(key);
      if (!row) {
        row = document.createElement('tr');
        for (let i = 0; i < this.columns; i++) row.append(document.createElement('td'));
        this.rows.set(key, row);
      }
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] || null);
      cells.forEach((cell, i) => {
        if (cell === null) return;
        Array.isArray(cell) ? write(row.cells[i], cell[0], cell[1]) : write(row.cells[i], cell);
      });
    });
  }
}

const tables = {
  channels: new Rows('channels', 13), lines: new Rows('lines', 10), pools: new Rows('pools', 14),
  archives: new Rows('archives', 11), market: new Rows('market', 8),
};

// ---- History --------------------------------------------------------------------------------

let previous = null;  // the last document
let before = null;    // the one before it, of the same process
let rows = [];        // one for each document: {time, values: Map(column -> number)}
const heat = [];      // {time, cells}
let bounds = [];
const marks = new Map();     // channel -> [{time, kind, count}]
const ladders = new Map();   // pool -> [{time, cache, stack, reserve, refused}]
const prices = new Map();    // channel and symbol -> [[time, vwap]]

const eachChannel = (status, call) => {
  for (const feed of status.feeds) {
    for (const channel of feed.channels) call(channel, feed.name + '/' + channel.name);
  }
};

// How often each bucket was met between two readings of a cumulative histogram; the last cell is
// what is above all bounds.
function cellsBetween(now, then) {
  const cells = [];
  let below = 0;
  for (let i = 0; i <= now.counts.length; i++) {
    const top = i < now.counts.length;
    const upto = (top ? now.counts[i] : now.count) - (then ? (top ? then.counts[i] : then.count) : 0);
    cells.push(upto - below);
    below = upto;
  }
  return cells;
}

// From counts by bucket: exact to the bucket, in between by its share on a logarithmic scale.
function percentile(cells, bound, fraction) {
  const all = cells.reduce((a, b) => a + b, 0);
  if (all <= 0) return null;
  let seen = 0;
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] <= 0 || seen + cells[i] < fraction * all) { seen += cells[i]; continue; }
    if (i >= bound.length) return bound[bound.length - 1];
    const low = i > 0 ? bound[i - 1] : bound[0] / 2;
    return low * (bound[i] / low) ** ((fraction * all - seen) / cells[i]);
  }
  return bound[bound.length - 1];
}

const perSecond = (now, then, seconds) => Math.max(0, now - then) / seconds;
const keep = (list, row) => { list.push(row); if (list.length > kRows) list.shift(); };
const listOf = (map, key) => { if (!map.has(key)) map.set(key, []); return map.get(key); };

function noteChannels(status, then, at, values) {
  let all = null;
  const old = new Map();
  if (then) eachChannel(then, (channel, name) => old.set(name, channel));
  eachChannel(status, (channel, name) => {
    const was = old.get(name);
    values.set('rate ' + name, channel.messages_per_second);
    if (!was) return;
    const cells = cellsBetween(channel.latency, was.latency);
    bounds = channel.latency.bounds_seconds;
    all = all ? all.map((n, i) => n + cells[i]) : cells;
    for (const line of channel.lines) {
      const lineWas = was.lines.find(other => other.name === line.name);
      if (!lineWas) continue;
      const lag = percentile(cellsBetween(line.lag, lineWas.lag), line.lag.bounds_seconds, 0.99);
      values.set('lag ' + name + ' ' + line.name, lag);
      values.set('packets ' + name + ' ' + line.name, line.packets - lineWas.packets);
    }
    const rise = kind => (channel.resolved[kind] || 0) - (was.resolved[kind] || 0);
    const note = (kind, n) => { if (n > 0) keep(listOf(marks, name), { time: at, kind, count: n }); };
    note('filled', rise('line') + rise('request'));
    note('bridged', rise('snapshot'));
    note('open', channel.holes_open);
    note('lost', channel.lost_messages - was.lost_messages);
  });
  if (!all) return;
  keep(heat, { time: at, cells: all });
  for (const [name, fraction] of [['p50', 0.5], ['p99', 0.99], ['p99.9', 0.999]]) {
    values.set('latency ' + name, percentile(all, bounds, fraction));
  }
}

function notePools(status, then, at, seconds, values) {
  for (const name of kPools) {
    const pool = status.pools[name];
    values.set('in use ' + name, pool.in_use);
    values.set('peak ' + name, pool.peak_in_use);
    if (!then) continue;
    const was = then.pools[name];
    const rise = field => Math.max(0, pool[field] - was[field]);
    values.set('cas ' + name, (rise('cas_retries_pop') + rise('cas_retries_push')) / seconds);
    values.set('acquires ' + name, rise('acquires') / seconds);
    keep(listOf(ladders, name), { time: at, cache: rise('cache_hits'), stack: rise('stack_hits'),
      reserve: rise('fallback_allocations'), refused: rise('refusals') });
  }
}

function notePrices(status, at) {
  const seen = new Set();
  for (const market of status.markets) {
    for (const one of market.top) {
      const key = market.feed + '/' + market.channel + '/' + one.symbol;
      seen.add(key);
      if (known(one.vwap)) keep(listOf(prices, key), [at, one.vwap]);
    }
  }
  for (const key of prices.keys()) {
    if (!seen.has(key)) prices.delete(key);  // it would come back with a hole
  }
}

function note(status) {
  const restarted = previous !== null && (previous.process.pid !== status.process.pid ||
    Math.abs(previous.process.start_time_seconds - status.process.start_time_seconds) > 2);
  before = restarted ? null : previous;
  const at = Math.round(status.time_seconds * 10) / 10;
  const seconds = before ? Math.max(0.2, status.time_seconds - before.time_seconds) : 1;
  if (restarted || (before && seconds > 3)) keep(rows, { time: at - 0.1, values: new Map() });  // a hole
  const values = new Map();
  noteChannels(status, before, at, values);
  notePools(status, before, at, seconds, values);
  notePrices(status, at);
  keep(rows, { time: at, values });
  previous = status;
}

// ---- Tables and tiles -----------------------------------------------------------------------

const alarm = (n, text = count(n)) => [text, n > 0 ? 'bad' : ''];

function channelState(channel) {
  if (channel.awaits_snapshot) return ['awaits snapshot', 'state bad'];
  if (channel.stale) return ['books stale', 'state bad'];
  if (!channel.in_sync) return ['not in sync', channel.required ? 'state bad' : 'state warn'];
  if (channel.incomplete) return ['in sync, totals incomplete', 'state warn'];
  return ['in sync', 'state good'];
}

function showChannels(status, latest) {
  const channels = [], lines = [];
  eachChannel(status, (channel, name) => {
    const lag = channel.latency;
    channels.push([name, [name, channelState(channel), count(channel.messages_per_second), count(channel.packets_per_second),
      mega(channel.bytes_per_second), String(channel.expected_sequence), alarm(channel.gaps), alarm(channel.lost_messages),
      [count(channel.holes_open), channel.holes_open > 0 ? 'warn' : ''], count(channel.held_packets),
      time(lag.p50_seconds), time(lag.p99_seconds), time(lag.p999_seconds)]]);
    for (const line of channel.lines) {
      const key = name + ' ' + line.name;
      const silent = line.last_packet_age_seconds > 15;
      lines.push([key, [key, !line.alive ? ['dead', 'state bad'] : silent ? ['silent', 'state bad'] : line.packets ? ['alive', 'state good'] : ['no packet yet', 'state warn'],
        line.group + ':' + line.port, count(latest.get('packets ' + key)), percent(line.share_won),
        time(line.lag.p50_seconds), time(line.lag.p99_seconds), alarm(line.kernel_drops), alarm(line.conflicts),
        line.last_packet_age_seconds === null ? '-' : line.last_packet_age_seconds.toFixed(1) + ' s ago']]);
    }
    for (const tcp of channel.tcp) {
      lines.push([name + ' tcp', [name + ' TCP', [tcp.state, 'state ' + (tcp.logged_in || tcp.over ? 'good' : 'bad')], tcp.server,
        '-', '-', '-', '-', '-', '-', tcp.last_bytes_age_seconds === null ? '-' : tcp.last_bytes_age_seconds.toFixed(1) + ' s ago']]);
    }
  });
  tables.channels.show(channels);
  tables.lines.show(lines);
}

function poolState(pool) {
  if (pool.leak_suspected) return ['may leak: +' + count(pool.lowest_in_use_rise), 'state bad'];
  if (pool.overflow_in_use >= pool.overflow_buffers && pool.overflow_buffers > 0) return ['used up', 'state bad'];
  if (pool.overflow_in_use > 0) return ['into the reserve', 'state warn'];
  return ['fits', 'state good'];
}

function showPools(status, latest) {
  tables.pools.show(kPools.map(name => {
    const pool = status.pools[name];
    const share = n => pool.acquires ? percent(n / pool.acquires) : '-';
    return [name, [name, poolState(pool), count(pool.in_use), [count(pool.lowest_in_use), pool.leak_suspected ? 'bad' : ''],
      count(pool.peak_in_use), count(pool.buffers + pool.grown_buffers), count(pool.overflow_in_use) + ' of ' + count(pool.overflow_buffers),
      bytes(pool.bytes_now), count(latest.get('acquires ' + name)), share(pool.cache_hits), share(pool.stack_hits),
      [count(pool.fallback_allocations), pool.fallback_allocations > 0 ? 'warn' : ''], alarm(pool.refusals),
      count(pool.cas_retries_pop + pool.cas_retries_push)]];
  }));
}

function showArchives(status) {
  element('s-archive').hidden = status.archives.length === 0;
  tables.archives.show(status.archives.map(archive => {
    const key = archive.feed + '/' + archive.channel;
    const was = before && before.archives.find(other => other.feed === archive.feed && other.channel === archive.channel);
    const seconds = before ? status.time_seconds - before.time_seconds : 1;
    const lost = archive.lost_packets + archive.gap_packets;
    const state = archive.failed ? ['failed: ' + archive.last_error, 'state bad']
      : archive.complete ? [archive.state, 'state good'] : [archive.state + ', misses packets', 'state bad'];
    return [key, [key, state, was ? count(perSecond(archive.packets, was.packets, seconds)) : '-',
      was ? mega(perSecond(archive.bytes_out, was.bytes_out, seconds)) : '-',
      archive.bytes_out ? (archive.bytes_in / archive.bytes_out).toFixed(2) + 'x' : '-',
      archive.ring_depth + ' of ' + archive.ring_capacity, time(archive.ring_wait.p99_seconds), alarm(archive.gap_batches), alarm(lost),
      archive.cpu_seconds.toFixed(1) + ' s', [archive.file.split('/').pop(), 'text']]];
  }));
}

const kSvg = 'http://www.w3.org/2000/svg';

function showMarket(status, span) {
  const entries = [];
  const several = status.markets.length > 1;
  for (const market of status.markets) {
    for (const one of market.top.slice(0, several ? 8 : 12)) {
      entries.push([market.feed + '/' + market.channel + '/' + one.symbol,
        [one.symbol + (several ? ' ' + market.channel : ''), amount(one.volume), count(one.trades), price(one.vwap), price(one.last),
          price(one.bid), price(one.ask), null]]);
    }
  }
  tables.market.show(entries);
  for (const [key, row] of tables.market.rows) {
    const cell = row.cells[7];
    if (!cell.firstChild) {
      cell.className = 'state';
      const svg = document.createElementNS(kSvg, 'svg');
      svg.setAttribute('viewBox', '0 0 100 20');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('role', 'img');
      svg.append(document.createElementNS(kSvg, 'polyline'));
      cell.append(svg);
    }
    drawSpark(cell.firstChild, prices.get(key) || [], status.time_seconds, span);
  }
}

function drawSpark(svg, points, last, span) {
  const shown = points.filter(([at]) => at >= last - span);
  const values = shown.map(([, value]) => value);
  const low = Math.min(...values), high = Math.max(...values);
  const from = shown.length ? shown[0][0] : 0;
  const wide = Math.max(1, last - from);
  svg.firstChild.setAttribute('points', shown.map(([at, value]) =>
    ((at - from) / wide * 100).toFixed(1) + ',' + (high > low ? 19 - (value - low) / (high - low) * 18 : 10).toFixed(1)).join(' '));
  svg.setAttribute('aria-label', values.length ? 'VWAP from ' + price(values[0]) + ' to ' + price(values[values.length - 1]) : 'no trade yet');
}

// The line that lags most in the last ten seconds, and one that is dead before all others.
function lineBehind(status) {
  let worst = null, dead = null, alive = 0, all = 0;
  const recent = rows.slice(-10);
  eachChannel(status, (channel, name) => {
    for (const line of channel.lines) {
      all++;
      const ok = line.alive && !(line.last_packet_age_seconds > 15);
      if (ok) alive++;
      else dead = dead || channel.name + ' ' + line.name;
      const lags = recent.map(row => row.values.get('lag ' + name + ' ' + line.name)).filter(known);
      const lag = lags.length ? lags.reduce((a, b) => a + b, 0) / lags.length : null;
      const cut = line.share_won !== null && channel.lines.length > 1 ? line.share_won : 1;
      if (ok && lag !== null && (!worst || cut < worst.share)) worst = { name: channel.name + ' ' + line.name, lag, share: cut };
    }
  });
  return { worst, dead, alive, all };
}

function showTiles(status, latest) {
  let messages = 0, packets = 0, rate = 0, lost = 0, gaps = 0, open = 0;
  eachChannel(status, channel => {
    messages += channel.messages_per_second; packets += channel.packets_per_second; rate += channel.bytes_per_second;
    lost += channel.lost_messages; gaps += channel.gaps; open += channel.holes_open;
  });
  write(element('t-messages'), count(messages));
  write(element('t-packets'), count(packets) + ' packets/s, ' + mega(rate) + ' MB/s', 'soft');
  write(element('t-latency'), time(latest.get('latency p99')));
  write(element('t-latency-more'), 'p50 ' + time(latest.get('latency p50')) + ', p99.9 ' + time(latest.get('latency p99.9')), 'soft');
  const lines = lineBehind(status);
  write(element('t-lines'), lines.alive + ' of ' + lines.all + ' alive', lines.dead ? 'bad' : '');
  write(element('t-lines-more'), lines.dead ? lines.dead + ' is silent' : lines.worst ? lines.worst.name + ' +' + time(lines.worst.lag) + ' p99' : 'none is behind',
    lines.dead ? 'bad' : 'soft');
  write(element('t-lost'), count(lost), lost ? 'bad' : '');
  write(element('t-lost-more'), count(gaps) + ' gaps, ' + count(open) + ' holes open', 'soft');
  const leaking = kPools.filter(name => status.pools[name].leak_suspected);
  write(element('t-buffers'), kPools.map(name => short(status.pools[name].in_use)).join(' \u00b7 '), leaking.length ? 'bad' : '');
  write(element('t-buffers-more'), leaking.length ? leaking.join(', ') + ' may leak' : 'serial. \u00b7 compr. \u00b7 simd', leaking.length ? 'bad' : 'soft');
  const failed = status.archives.filter(archive => archive.failed);
  const partial = status.archives.filter(archive => !archive.complete);
  const depth = status.archives.reduce((sum, archive) => sum + archive.ring_depth, 0);
  const room = status.archives.reduce((sum, archive) => sum + archive.ring_capacity, 0);
  write(element('t-archive'), !status.archives.length ? 'off' : failed.length ? 'failed' : partial.length ? 'incomplete' : 'complete', failed.length || partial.length ? 'bad' : '');
  write(element('t-archive-more'), status.archives.length ? 'ring ' + count(depth) + ' of ' + count(room) : 'not configured', 'soft');
}

function showVerdict(status) {
  const reasons = [...new Set([...status.not_ready, ...status.degraded])];
  const state = !status.ready ? 'bad' : reasons.length ? 'warn' : 'good';
  const text = { bad: 'not ready', warn: 'ready, degraded', good: 'healthy' }[state];
  const verdict = element('verdict');
  if (verdict.textContent !== text) verdict.textContent = text;
  verdict.dataset.state = state;
  document.title = 'tapeline: ' + text;
  const list = element('reasons');
  list.hidden = reasons.length === 0;
  list.dataset.state = state;
  while (list.children.length > reasons.length) list.lastChild.remove();
  while (list.children.length < reasons.length) list.append(document.createElement('li'));
  reasons.forEach((reason, at) => write(list.children[at], reason));
  const process = status.process;
  write(element('process'), 'version ' + process.version + ', up ' + duration(process.uptime_seconds) + ', ' + bytes(process.resident_bytes) +
    ', ' + process.threads + ' threads' + (before ? ', ' + percent(perSecond(process.cpu_seconds, before.process.cpu_seconds,
    status.time_seconds - before.time_seconds)) + ' CPU' : ''), 'soft');
}

// ---- Drawing --------------------------------------------------------------------------------

let span = 300, paused = false;

function drawCharts(status) {
  const times = rows.map(row => row.time);
  const column = name => rows.map(row => { const v = row.values.get(name); return v === undefined ? null : v; });
  const last = rows[rows.length - 1].time;
  const names = [], lineNames = [];
  eachChannel(status, (channel, name) => {
    names.push(name);
    for (const line of channel.lines) lineNames.push({ key: name + ' ' + line.name, label: channel.name + ' ' + line.name });
  });
  charts.drawLines('c-rate', { least: 10, text: short, series: names.map((name, i) => ({ label: name, column: 'rate ' + name, color: i })) }, times, column, span);
  charts.drawGaps('c-gaps', names.map(name => ({ name, marks: marks.get(name) || [] })), last, span);
  charts.drawLines('c-latency', { log: true, text: roughly, series: ['p50', 'p99', 'p99.9'].map((name, i) => ({ label: name, column: 'latency ' + name, color: [2, 0, 1][i] })) }, times, column, span);
  charts.drawHeat('c-heat', bounds, heat, last, span, roughly);
  charts.drawLines('c-lag', { log: true, text: roughly, series: lineNames.map((line, i) => ({ label: line.label, column: 'lag ' + line.key, color: i })) }, times, column, span);
  for (const [i, name] of kPools.entries()) {
    charts.drawLines('c-pool-' + name, { least: 4, text: short, series: [{ label: 'in use', column: 'in use ' + name, color: i },
      { label: 'peak', column: 'peak ' + name, color: i, dash: [4, 3] }] }, times, column, span);
    charts.drawLadder(element('ladder-' + name), ladders.get(name) || [], last, span);
  }
  charts.drawLines('c-cas', { least: 1, text: short, series: kPools.map((name, i) => ({ label: name, column: 'cas ' + name, color: i })) }, times, column, span);
}

function show() {
  if (!previous || !rows.length) return;
  const latest = rows[rows.length - 1].values;
  showVerdict(previous);
  showTiles(previous, latest);
  showChannels(previous, latest);
  showPools(previous, latest);
  showArchives(previous);
  showMarket(previous, span);
  drawCharts(previous);
  write(element('foot'), 'As of ' + new Date(previous.time_seconds * 1000).toLocaleTimeString() + (paused ? ', paused' : '') + '. Events once a second.');
}

// ---- Connection -----------------------------------------------------------------------------

const kSilent = 3500;  // milliseconds without an event
let source = null, lastEvent = 0, lostSince = 0;

function setLost(lost) {
  if (!lost) {
    lostSince = 0;
    element('lost').hidden = true;
    document.body.classList.remove('is-lost');
    return;
  }
  if (!lostSince) lostSince = Date.now();
  const verdict = element('verdict');
  verdict.textContent = 'connection lost';
  verdict.dataset.state = 'lost';
  document.title = 'tapeline: connection lost';
  document.body.classList.add('is-lost');
  element('lost').hidden = false;
  const ago = lastEvent ? Math.round((Date.now() - lastEvent) / 1000) + ' s old' : 'missing';
  write(element('lost'), 'Connection lost. What is shown is ' + ago + '; trying again every second.', 'banner');
}

function connect() {
  if (source) source.close();
  source = new EventSource('/events');
  source.onmessage = event => {
    lastEvent = Date.now();
    note(JSON.parse(event.data));
    if (lostSince || element('verdict').dataset.state === 'wait') setLost(false);
    if (!paused) show();
  };
  source.onerror = () => setLost(true);
}

setInterval(() => {
  const silent = Date.now() - lastEvent > kSilent;
  if (!lostSince && !silent) return;
  if (lastEvent || lostSince) setLost(true);
  // The browser gives up after some answers; a new source does not.
  if (source.readyState === EventSource.CLOSED || (silent && Date.now() - lostSince > kSilent)) {
    if (source.readyState !== EventSource.CONNECTING) connect();
  }
}, 1000);

// ---- Controls -------------------------------------------------------------------------------

for (const button of document.querySelectorAll('button[data-span]')) {
  button.addEventListener('click', () => {
    span = Number(button.dataset.span);
    for (const other of document.querySelectorAll('button[data-span]')) other.setAttribute('aria-pressed', String(other === button));
    show();
  });
}

element('pause').addEventListener('click', () => {
  paused = !paused;
  element('pause').setAttribute('aria-pressed', String(paused));
  show();
});

function storedTheme() {
  try { return localStorage.getItem('theme') || 'auto'; } catch { return 'auto'; }
}
function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  element('theme').textContent = 'Theme: ' + theme;
  try { localStorage.setItem('theme', theme); } catch { /* a browser that keeps nothing */ }
  show();
}
let theme = storedTheme();
element('theme').addEventListener('click', () => {
  theme = { auto: 'light', light: 'dark', dark: 'auto' }[theme] || 'auto';
  setTheme(theme);
});

let resized = 0;
addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(show, 150); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);

setTheme(theme);
connect();
