/** How often readers are answered: a bucket for each address and one for all of them. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** Addresses that are remembered; with more the oldest is forgotten, and has a full bucket again. */
const MAX_ADDRESSES = 4_096;
const BURST_SECONDS = 2;
const ALL_FACTOR = 8;

export class RateLimit {
  private readonly byAddress = new Map<string, Bucket>();
  private readonly all: Bucket;

  constructor(
    private readonly perSecond: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.all = { tokens: perSecond * ALL_FACTOR * BURST_SECONDS, atMs: nowMs() };
  }

  /** Takes one answer for this address, or says no. */
  take(address: string): boolean {
    const own = this.byAddress.get(address) ?? { tokens: this.perSecond * BURST_SECONDS, atMs: this.nowMs() };
    this.byAddress.delete(address);
    this.byAddress.set(address, own);
    if (this.byAddress.size > MAX_ADDRESSES) {
      const [oldest] = this.byAddress.keys();
      if (oldest !== undefined) this.byAddress.delete(oldest);
    }
    // Who is refused by its own bucket takes nothing from the others'.
    return (
      this.has(own, this.perSecond) && this.has(this.all, this.perSecond * ALL_FACTOR) && this.spend(own, this.all)
    );
  }

  private has(bucket: Bucket, perSecond: number): boolean {
    const nowMs = this.nowMs();
    bucket.tokens = Math.min(perSecond * BURST_SECONDS, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = nowMs;
    return bucket.tokens >= 1;
  }

  private spend(...buckets: readonly Bucket[]): true {
    for (const bucket of buckets) bucket.tokens -= 1;
    return true;
  }
}
