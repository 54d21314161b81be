/** Judges what one node says about its chain and its newest block. */
import type { Endpoint } from "./endpoint.js";
import { TransportFailure } from "./failure.js";
import type { SeenBlock } from "./head.js";
import { headerHash } from "../../../protocol/headerHash.js";

interface LastNews {
  readonly number: number;
  readonly hash: string;
  readonly sinceMs: number;
}

export class Judge {
  /** Blocks of this chain hash as header.ts computes; false until one did. */
  private recomputes = false;
  private readonly news = new Map<Endpoint, LastNews>();

  constructor(
    readonly chainId: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Whether wrong headers can be found on this chain. */
  get verifiesHeaders(): boolean {
    return this.recomputes;
  }

  /** @throws TransportFailure malformed, after noting the lie. */
  chain(endpoint: Endpoint, chainId: bigint): void {
    if (chainId === BigInt(this.chainId)) return;
    endpoint.quarantine.fault("wrong-chain");
    throw new TransportFailure("malformed", `chain ${String(chainId)}`);
  }

  /** Takes note of a node's newest block. @throws TransportFailure malformed, after noting the lie. */
  newest(endpoint: Endpoint, block: SeenBlock): void {
    this.header(endpoint, block);
    const { number, hash } = block.head;
    if (this.news.get(endpoint)?.hash !== hash) this.news.set(endpoint, { number, hash, sinceMs: this.nowMs() });
  }

  /** @throws TransportFailure malformed, after noting the lie. */
  header(endpoint: Endpoint, { head, raw }: SeenBlock): void {
    const computed = headerHash(raw);
    if (computed === undefined) return;
    if (computed === head.hash) {
      this.recomputes = true;
      return;
    }
    // Until a block of this chain has hashed as computed, the chain may simply hash differently.
    if (!this.recomputes) return;
    endpoint.quarantine.fault("header-hash");
    throw new TransportFailure("malformed", "the header does not hash to its name");
  }

  /** Milliseconds since this node last had something new; undefined when it never said anything. */
  silentMs(endpoint: Endpoint): number | undefined {
    const last = this.news.get(endpoint);
    return last === undefined ? undefined : this.nowMs() - last.sinceMs;
  }
}
