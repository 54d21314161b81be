/** The worker processes: one leads, the others wait for its death. */
import { Child } from "../../world/child.js";
import { SETTINGS_VARIABLE, type Arm, type WorkerNews, type WorkerSettings } from "./messages.js";

export class Worker {
  leading = false;
  readonly child: Child;

  constructor(script: string, settings: WorkerSettings, onLeading: (worker: Worker) => void) {
    this.child = new Child({
      script,
      args: [],
      env: { [SETTINGS_VARIABLE]: JSON.stringify(settings) },
    });
    this.child.process.on("message", (news: WorkerNews) => {
      if (news.kind !== "leading") return;
      this.leading = true;
      onLeading(this);
    });
  }

  get alive(): boolean {
    return this.child.exitCode === undefined;
  }

  arm(arm: Arm): void {
    if (this.alive) this.child.process.send(arm);
  }

  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (this.alive) this.child.process.kill(name);
  }

  /** True when it has died within the time. */
  async diesWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, ms);
    });
    const dead = await Promise.race([this.child.exited.then(() => true), late]);
    clearTimeout(timer);
    return dead;
  }
}

export class Workers {
  #all: Worker[] = [];
  #waiting: ((worker: Worker) => void)[] = [];

  constructor(
    private readonly script: string,
    private readonly settings: WorkerSettings,
  ) {}

  spawn(): Worker {
    const worker = new Worker(this.script, this.settings, (leader) => {
      for (const other of this.#all) other.leading = other === leader;
      for (const wake of this.#waiting.splice(0)) wake(leader);
    });
    this.#all = [...this.#all.filter(({ alive }) => alive), worker];
    return worker;
  }

  get alive(): readonly Worker[] {
    return this.#all.filter(({ alive }) => alive);
  }

  /** The worker that leads, now or soon. @throws Error when none does within the time. */
  async leader(withinMs: number): Promise<Worker> {
    const now = this.alive.find(({ leading }) => leading);
    if (now !== undefined) return now;
    return this.nextLeader(withinMs);
  }

  /** The next worker that begins to lead. */
  nextLeader(withinMs: number): Promise<Worker> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const last = this.#all.flatMap(({ child }) => child.lastErrorLines.slice(-2));
        reject(new Error(`no worker leads: ${last.join(" | ")}`));
      }, withinMs);
      this.#waiting.push((worker) => {
        clearTimeout(timer);
        resolve(worker);
      });
    });
  }

  async end(): Promise<void> {
    for (const worker of this.alive) worker.signal("SIGKILL");
    await Promise.all(this.#all.map(({ child }) => child.exited));
  }
}
