#include "app/status/status_page.hpp"

namespace tapeline::status {
namespace {

// Shows /status and nothing else. All text goes through textContent, so that no name or symbol is
// ever taken for markup; the policy in the head forbids every request but the one to this server.
constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tapeline</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:">
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1b2330; --soft: #5d6878;
  --edge: #dde2e9; --good: #13734a; --bad: #b3261e; --bar: #2f6fde; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1a2029; --text: #e4e8ee;
  --soft: #96a1b2; --edge: #2b333f; --good: #57c795; --bad: #ff8a80; --bar: #6ea0ff; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 16px; background: var(--back); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 20px; margin-bottom: 14px }
h1 { font-size: 20px; margin: 0 }
h2 { font-size: 13px; margin: 0 0 8px; color: var(--soft) }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: 12px 14px;
  margin-bottom: 12px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap }
th { text-align: right; font-weight: 500; color: var(--soft); padding: 2px 10px }
td { text-align: right; padding: 3px 10px; border-top: 1px solid var(--edge) }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 600 }
th:last-child, td:last-child { padding-right: 0 }
.good { color: var(--good) } .bad { color: var(--bad); font-weight: 600 } .soft { color: var(--soft) }
meter { width: 90px; height: 12px }
#lost, #degraded { background: var(--bad); color: var(--back); border-radius: 8px; padding: 8px 14px; margin-bottom: 12px }
#degraded { white-space: pre-line }
footer { color: var(--soft) } a { color: var(--bar) } [hidden] { display: none }
</style></head><body>
<header><h1>tapeline</h1><span id="process" class="soft">connecting</span></header>
<div id="lost" role="alert" hidden></div>
<div id="degraded" role="status" hidden></div>
<main id="main"></main>
<footer>Refreshed every second from <a href="/status">/status</a>. For Prometheus:
<a href="/metrics">/metrics</a>.</footer>
<script>
'use strict';
const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const price = new Intl.NumberFormat('en-US', { minimumFractionDigits: 4, maximumFractionDigits: 4 });
const count = n => n === null ? '-' : number.format(n);
const money = n => n === null ? '-' : price.format(n);
const seconds = n => n === null ? '-' : n < 10 ? n.toFixed(1) + ' s' : number.format(n) + ' s';
const bytes = n => { let u = 0; while (n >= 1024 && u < 4) { n /= 1024; u++; }
  return n.toFixed(u && n < 100 ? 1 : 0) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][u]; };
const alarm = n => ({ text: count(n), kind: n > 0 ? 'bad' : '' });
const state = (text, good) => ({ text, kind: good ? 'good' : 'bad' });
const share = n => n === null ? '-' : (n * 100).toFixed(1) + ' %';
const short = n => n === null ? '-' : n < 1e-3 ? (n * 1e6).toFixed(0) + ' us' : (n * 1e3).toFixed(1) + ' ms';
const condition = c => c.awaits_snapshot ? state('awaits snapshot', false) : c.stale ? state('stale', false)
  : c.incomplete ? state('books whole, totals incomplete', false) : state('in order', true);
const total = o => Object.values(o).reduce((a, b) => a + b, 0);

function cell(tag, value) {
  const element = document.createElement(tag);
  if (value instanceof Node) element.append(value);
  else if (value && typeof value === 'object') {
    element.textContent = value.text; element.className = value.kind;
  } else element.textContent = value;
  return element;
}
function meter(value, max, label) {
  const element = document.createElement('meter');
  element.max = Math.max(max, 1); element.high = max * 0.8; element.optimum = 0; element.value = value;
  element.title = label; element.setAttribute('aria-label', label);
  return element;
}
function table(title, heads, rows) {
  if (!rows.length) return null;
  const section = document.createElement('section'), grid = document.createElement('table');
  section.append(cell('h2', title), grid);
  for (const [tag, row] of [['th', heads], ...rows.map(r => ['td', r])]) {
    const line = document.createElement('tr');
    row.forEach(value => line.append(cell(tag, value)));
    grid.append(line);
  }
  return section;
}
function show(s) {
  const p = s.process;
  document.getElementById('process').textContent = `${p.version}, process ${p.pid}, up ${seconds(p.uptime_seconds)}, `
    + `memory ${bytes(p.resident_bytes)}, CPU ${seconds(p.cpu_seconds)}, ${p.threads} threads`;
  const channels = s.feeds.flatMap(f => f.channels.map(c => ({ ...c, title: f.name + ' / ' + c.name })));
  const name = x => x.feed + ' / ' + x.channel;
  const view = [
    table('Channels', ['channel', 'state', 'session', 'next', 'messages', 'messages/s', 'packets/s', 'open holes', 'lost gaps',
      'lost', 'bridged', 'held', 'duplicates', 'conflicts', 'unknown', 'malformed'],
      channels.map(c => [c.title, condition(c), c.session || '-',
        count(c.expected_sequence), count(c.messages), count(c.messages_per_second), count(c.packets_per_second),
        count(c.holes_open), alarm(c.gaps), alarm(c.lost_messages), alarm(c.bridged_messages), count(c.held_packets),
        count(c.duplicates), alarm(c.conflicts), alarm(c.unknown_types), alarm(total(c.malformed))])),
    table('Lines', ['line', 'state', 'group', 'packets', 'bytes', 'first', 'share', 'lag p50', 'lag p99', 'duplicates', 'conflicts',
      'kernel drops', 'receive buffer', 'last packet'],
      channels.flatMap(c => c.lines.map(l => [c.title + ' / ' + l.name, state(l.alive ? 'alive' : 'dead', l.alive),
        l.group ? l.group + ' port ' + l.port : '-',
        count(l.packets), bytes(l.bytes), count(l.messages_won), share(l.share_won), short(l.lag_p50_seconds),
        short(l.lag_p99_seconds), count(l.duplicates), alarm(l.conflicts), alarm(l.kernel_drops),
        { text: bytes(l.receive_buffer_got_bytes), kind: l.receive_buffer_got_bytes < l.receive_buffer_asked_bytes ? 'bad' : '' },
        seconds(l.last_packet_age_seconds)]))),
    table('TCP sessions', ['channel', 'state', 'server', 'connections', 'tries', 'rejected', 'silent', 'bytes', 'last bytes'],
      channels.flatMap(c => c.tcp.map(t => [c.title, state(t.state, t.logged_in || t.over), t.server, count(t.connections), count(t.tries),
        alarm(t.rejected), alarm(t.silences), bytes(t.bytes), seconds(t.last_bytes_age_seconds)]))),
    table('Gaps closed', ['channel', 'by a line', 'by request', 'by snapshot', 'lost', 'snapshots', 'applied', 'failed'],
      channels.filter(c => c.recovery.length || c.snapshots.length).map(c => { const s = c.snapshots[0] || {};
        return [c.title, count(c.resolved.line), count(c.resolved.request), count(c.resolved.snapshot), alarm(c.resolved.lost),
          s.state || 'none', count(s.applied || 0), alarm(s.failed || 0)]; })),
    table('Re-request servers', ['server', 'channel', 'requests', 'answers', 'without answer', 'bytes'],
      channels.flatMap(c => c.recovery.map(r => [r.server, c.title, count(r.requests), count(r.answers), count(r.timeouts),
        bytes(r.answer_bytes)]))),
    table('Pools', ['pool', 'in use', '', 'peak', 'of', 'acquires', 'cache', 'stack', 'overflow', 'refused', 'CAS retries', 'memory'],
      Object.entries(s.pools).map(([title, c]) => [title, count(c.in_use), meter(c.in_use, c.buffers + c.grown_buffers, title + ' in use'),
        count(c.peak_in_use), count(c.buffers + c.grown_buffers), count(c.acquires), count(c.cache_hits), count(c.stack_hits),
        count(c.fallback_allocations), alarm(c.refusals), count(c.cas_retries_pop + c.cas_retries_push), bytes(c.bytes_now)])),
    table('Archive', ['channel', 'state', 'packets', 'in', 'out', 'ratio', 'frames', 'files', 'ring', '', 'gap packets', 'lost packets', 'CPU'],
      s.archives.map(a => [name(a), state(a.state + (a.last_error ? ': ' + a.last_error : ''), a.complete), count(a.packets),
        bytes(a.bytes_in), bytes(a.bytes_out), a.bytes_out ? (a.bytes_in / a.bytes_out).toFixed(2) : '-', count(a.frames),
        count(a.files), count(a.ring_depth), meter(a.ring_depth, a.ring_capacity, 'ring'), alarm(a.gap_packets),
        alarm(a.lost_packets), seconds(a.cpu_seconds)])),
    table('Market', ['channel', 'instruments', 'open orders', 'price levels', 'trades'],
      s.markets.map(m => [name(m), count(m.instruments), count(m.open_orders), count(m.levels), count(m.trades)])),
    ...s.markets.map(m => table('Most active, ' + name(m), ['symbol', 'volume', 'trades', 'VWAP', 'last', 'bid', 'ask'],
      m.top.map(t => [t.symbol, count(t.volume), count(t.trades), money(t.vwap), money(t.last), money(t.bid), money(t.ask)]))),
  ];
  const degraded = document.getElementById('degraded');
  degraded.textContent = s.degraded.join('\n'); degraded.hidden = !s.degraded.length;
  document.getElementById('main').replaceChildren(...view.filter(Boolean));
}
let seen = new Date();
async function refresh() {
  const lost = document.getElementById('lost');
  try {
    const answer = await fetch('/status', { cache: 'no-store', signal: AbortSignal.timeout(3000) });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
    seen = new Date(); lost.hidden = true;
  } catch (error) {
    lost.textContent = 'No answer from the process. What is shown is from ' + seen.toLocaleTimeString() + '.';
    lost.hidden = false;
  }
  setTimeout(refresh, 1000);
}
refresh();
</script></body></html>
)html";

}  // namespace

std::string_view page_html() noexcept { return kPage; }

}  // namespace tapeline::status
