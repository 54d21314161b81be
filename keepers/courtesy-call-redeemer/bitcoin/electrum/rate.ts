/** What would do for the next block, as the servers said a short while ago: a rescue does not wait for an answer about its fee. */
import type { ElectrumServers } from "./servers.js";

/** Asked again after so long. */
const REFRESH_MS = 60_000;
/** Older answers are none. */
const STALE_MS = 1_800_000;
/** For the very first answer, a rescue waits so long. */
const PATIENCE_MS = 2_000;

export class NextBlockRate {
  private rate: bigint | undefined;
  private knownMs = Number.NEGATIVE_INFINITY;
  private askedMs = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly servers: Pick<ElectrumServers, "nextBlockRate">,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Satoshis per 1,000 virtual bytes; undefined while nobody knows. */
  async current(): Promise<bigint | undefined> {
    if (this.nowMs() - this.askedMs >= REFRESH_MS) this.asking ??= this.ask();
    if (this.known() === undefined && this.asking !== undefined) await orLater(this.asking);
    return this.known();
  }

  private known(): bigint | undefined {
    return this.nowMs() - this.knownMs < STALE_MS ? this.rate : undefined;
  }

  private async ask(): Promise<void> {
    this.askedMs = this.nowMs();
    try {
      const rate = await this.servers.nextBlockRate();
      if (rate === undefined) return;
      this.rate = rate;
      this.knownMs = this.nowMs();
    } finally {
      this.asking = undefined;
    }
  }
}

async function orLater(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const later = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  try {
    await Promise.race([work, later]);
  } finally {
    clearTimeout(timer);
  }
}
