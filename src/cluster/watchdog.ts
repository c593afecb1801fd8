import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';

/**
 * Reads lines `PID SIGNAL` from its standard input, each replacing the one before it, until the other
 * end is closed: on purpose, or by the kernel when our process died of whatever. Then it ends the
 * process that was named last, if one still runs, and removes the folder.
 *
 * A server's own lock file tells that it has ended, because a dead process whose new parent never
 * asks for its exit status still answers to `kill -0`.
 */
const SCRIPT = `
while read -r pid signal; do
  last_pid=$pid
  last_signal=$signal
done
if [ "\${last_pid:-0}" -gt 0 ]; then
  if [ "$last_signal" = KILL ]; then
    kill -s KILL -- "-$last_pid"
  else
    kill -s "$last_signal" "$last_pid"
    tries=0
    while kill -0 "$last_pid" && [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    kill -s KILL "$last_pid"
  fi
fi
tries=0
while [ -e "$1" ] && [ "$tries" -lt 10 ]; do
  [ "$tries" -gt 0 ] && sleep 0.2
  rm -rf "$1"
  tries=$((tries + 1))
done
`;

/**
 * A small shell process that outlives ours and tidies up after it: it stops the server and removes
 * the cluster's folder even when our process is killed with SIGKILL. It runs in a session of its
 * own, so that Ctrl-C in a terminal does not reach it.
 */
export class Watchdog {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#process = spawn('/bin/sh', ['-c', SCRIPT, 'asyncpg-cluster-watchdog', folder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', () => resolve());
      this.#process.once('error', () => resolve());
    });
    // If the watchdog is gone, writing to it fails; `finish` then removes the folder itself.
    this.#process.stdin?.on('error', () => {});
    this.#hold(false);
  }

  /** Names the process group to end with SIGKILL should our process die now. */
  guardGroup(pid: number): void {
    this.#process.stdin?.write(`${pid} KILL\n`);
  }

  /** Names the server to shut down at once (SIGQUIT) should our process die now. */
  guardServer(pid: number): void {
    this.#process.stdin?.write(`${pid} QUIT\n`);
  }

  /** Nothing runs at present. */
  guardNothing(): void {
    this.#process.stdin?.write('0 QUIT\n');
  }

  /** Lets the watchdog end what it guards and remove the folder, and waits until it has. */
  async finish(): Promise<void> {
    this.#hold(true);
    this.#process.stdin?.end();
    await this.#exited;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Whether the watchdog keeps our event loop alive. */
  #hold(alive: boolean): void {
    const stdin = this.#process.stdin as (NodeJS.WritableStream & Partial<Holdable>) | null;
    if (alive) {
      this.#process.ref();
      stdin?.ref?.();
    } else {
      this.#process.unref();
      stdin?.unref?.();
    }
  }
}

interface Holdable {
  ref(): void;
  unref(): void;
}
