/** Saves a cluster now and then, and when it ends. */
import type { Cluster } from "../cluster.js";
import type { StateDirectory } from "./stateDirectory.js";
import { encodeTransaction } from "./transactionCodec.js";

const SAVE_EVERY_MS = 10_000;

export class StateKeeper {
  private readonly pending: string[] = [];
  private saving: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  /** To be made before the cluster executes anything: what it has not seen is not kept. */
  constructor(
    private readonly cluster: Cluster,
    private readonly directory: StateDirectory,
  ) {
    cluster.bank.observers.add({ executed: (executed) => this.pending.push(encodeTransaction(executed)) });
  }

  /** Saves now and from time to time. */
  async start(failed: (error: unknown) => void): Promise<void> {
    await this.save();
    this.timer = setInterval(() => {
      if (this.pending.length > 0) this.save().catch(failed);
    }, SAVE_EVERY_MS);
  }

  /** One at a time, each with what happened until it begins. */
  save(): Promise<void> {
    const next = this.saving.then(async () => {
      // Between two blocks, so that no transaction is in one half only.
      this.cluster.advance();
      const { transactions: _none, ...state } = this.cluster.bank.export();
      const airdrops = this.cluster.faucet.given;
      const lines = [...this.pending];
      await this.directory.save({ ...state, airdrops }, lines);
      // Only now: those of a save that failed belong to the next.
      this.pending.splice(0, lines.length);
    });
    this.saving = next.catch(() => undefined);
    return next;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.save();
    await this.directory.close();
  }
}
