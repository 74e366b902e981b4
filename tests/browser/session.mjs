// A feed process under test and the simulated exchange that feeds it.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const freeTcpPort = () => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const freeUdpPort = () => new Promise((resolve, reject) => {
  const socket = createSocket('udp4').once('error', reject).bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    socket.close(() => resolve(port));
  });
});

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

export async function until(what, condition, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`no ${what} within ${seconds} s`);
    await sleep(50);
  }
}

// Starts a program; `ended` resolves with its exit code.
export function start(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', part => { child.text += part; });
  child.ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal || code)));
  return child;
}

export async function stop(child) {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  return child.ended;
}

export class Session {
  static async make(tapeline, folder) {
    const session = new Session();
    session.tapeline = tapeline;
    session.port = await freeTcpPort();
    session.lines = await freeUdpPort();
    session.requests = await freeUdpPort();
    session.url = `http://127.0.0.1:${session.port}/`;
    mkdirSync(folder, { recursive: true });
    session.config = join(folder, 'browser.yaml');
    writeFileSync(session.config, `feeds:
  - name: nasdaq
    channels:
      - name: totalview
        lines:
          - {name: A, group: 239.192.78.1, port: ${session.lines}, interface: lo}
          - {name: B, group: 239.192.78.2, port: ${session.lines}, interface: lo}
        recovery: {servers: ['127.0.0.1:${session.requests}']}
archive: {enabled: true, directory: '${join(folder, 'archive')}', ring_batches: 4096}
status: {address: 127.0.0.1, port: ${session.port}}
`);
    return session;
  }

  async run() {
    this.process = start(this.tapeline, ['run', this.config]);
    await until('answer of tapeline run', async () => {
      if (this.process.exitCode !== null) throw new Error('tapeline run ended: ' + this.process.text);
      return fetch(this.url + 'healthz').then(answer => answer.ok, () => false);
    });
  }

  // Faults as `tapeline simulate --faults` takes them.
  simulate(seconds, rate, faults) {
    this.exchange = start(this.tapeline, ['simulate', '--rate', rate, '--duration', seconds, '--instruments', '200',
      '--to-a', `239.192.78.1:${this.lines}`, '--to-b', `239.192.78.2:${this.lines}`,
      '--request-server', `127.0.0.1:${this.requests}`, '--linger', '60', '--faults', faults]);
  }

  async status() {
    return (await fetch(this.url + 'status')).json();
  }

  async end() {
    if (this.exchange) await stop(this.exchange);
    if (this.process) await stop(this.process);
  }
}
