/** The status page: what it says is filled in by the script. */
export const STATUS_PAGE: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Low-bandwidth Matrix</title>
<link rel="stylesheet" href="status.css">
<link rel="icon" href="data:,">
<script src="status.js" defer></script>
</head>
<body>
<main>
<h1>Low-bandwidth Matrix</h1>
<p id="state" class="state" role="status" data-state="unknown">Asking&hellip;</p>
<p class="to">to <span id="homeserver">&ndash;</span></p>
<dl>
<div class="wide"><dt>Saved</dt><dd id="saved">&ndash;</dd></div>
<div><dt>Last sync</dt><dd id="sync">&ndash;</dd></div>
<div><dt>Sent</dt><dd id="sent">&ndash;</dd></div>
<div><dt>Received</dt><dd id="received">&ndash;</dd></div>
<div><dt>The same over HTTPS</dt><dd id="http">&ndash;</dd></div>
<div><dt>Datagrams</dt><dd id="datagrams">&ndash;</dd></div>
<div><dt>Requests</dt><dd id="requests">&ndash;</dd></div>
<div><dt>Pushes</dt><dd id="pushes">&ndash;</dd></div>
<div><dt>Went over HTTPS</dt><dd id="fallbacks">&ndash;</dd></div>
<div><dt>Running for</dt><dd id="uptime">&ndash;</dd></div>
</dl>
<p class="note">Bytes of UDP, handshakes included. What HTTPS would have cost is an estimate without TCP and without the
TLS handshake.</p>
<noscript><p>This page needs JavaScript; <a href="status.json">status.json</a> does not.</p></noscript>
</main>
</body>
</html>
`;

/** Its look, light and dark. */
export const STATUS_STYLE: string = `:root { color-scheme: light dark; --back: #f6f7f8; --card: #fff; --text: #17191c; --dim: #5c6470; --line: #e2e5e9;
  --good: #0a7d55; --busy: #8a5a00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #15171a; --card: #1e2125; --text: #edeef0; --dim: #a3abb6;
  --line: #33383f; --good: #4cc38a; --busy: #f0b849; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; font-weight: 600; }
.state { display: inline-flex; align-items: center; gap: .5rem; margin: 0; font-size: 1.5rem; font-weight: 600; color: var(--dim); }
.state::before { content: ""; width: .75rem; height: .75rem; border-radius: 50%; background: currentColor; }
.state[data-state=connected] { color: var(--good); }
.state[data-state=connecting] { color: var(--busy); }
.state[data-state=fallback], .state[data-state=gone] { color: var(--bad); }
.to { margin: 0 0 1.5rem; color: var(--dim); overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
dl .wide { grid-column: 1 / -1; }
dt { color: var(--dim); font-size: .875rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.wide dd { font-size: 2rem; font-weight: 600; }
.note { color: var(--dim); font-size: .875rem; }
`;

/** Its script: asks every two seconds while somebody looks. */
export const STATUS_SCRIPT: string = `'use strict';
const STATES = {
  idle: 'Not connected yet', connecting: 'Connecting', connected: 'Connected over UDP',
  fallback: 'UDP is blocked: using HTTPS', closed: 'Stopped', gone: 'The proxy does not answer',
};
const show = (id, text) => { document.getElementById(id).textContent = text; };
const showState = (state) => {
  const element = document.getElementById('state');
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.textContent = STATES[state] ?? state;
};
const count = (n) => n.toLocaleString('en');
const bytes = (n) => {
  const size = Math.abs(n);
  if (size < 1000) return n + ' B';
  return size < 1e6 ? (n / 1e3).toFixed(1) + ' kB' : (n / 1e6).toFixed(1) + ' MB';
};
const time = (s) => {
  if (s < 60) return s + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  return s < 86400 ? Math.floor(s / 3600) + ' h' : Math.floor(s / 86400) + ' d';
};
async function update() {
  try {
    const response = await fetch('status.json', { cache: 'no-store' });
    if (!response.ok) throw new Error(String(response.status));
    const report = await response.json();
    showState(report.state);
    show('homeserver', report.homeserver);
    const share = report.httpBytes > 0 ? ' (' + Math.round(100 * report.bytesSaved / report.httpBytes) + ' %)' : '';
    show('saved', bytes(report.bytesSaved) + share);
    show('sync', report.sinceSync === null ? 'none yet' : time(report.sinceSync) + ' ago');
    show('sent', bytes(report.bytesSent));
    show('received', bytes(report.bytesReceived));
    show('http', bytes(report.httpBytes));
    show('datagrams', count(report.datagramsSent + report.datagramsReceived));
    show('requests', count(report.requests));
    show('pushes', count(report.pushes));
    show('fallbacks', count(report.fallbacks));
    show('uptime', time(report.uptime));
  } catch {
    showState('gone');
  }
}
update();
setInterval(() => { if (!document.hidden) update(); }, 2000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) update(); });
`;
