/** What the run needs of a chain that misbehaves on purpose. */
export interface CrashTarget {
  /** The program that works on it. */
  readonly worker: string;
  /** What workers talk to, and where on it the effects show: a contract, on Solana the cluster. */
  readonly url: string;
  readonly recorder: string;
  /** No broadcast gets an answer while set. */
  mute: boolean;
  readonly reorgs: number;
  readonly lostReplies: number;
  readonly forgotten: number;
  /** The last `depth` blocks are replaced by others. */
  reorg(depth: number): Promise<void>;
  /** For some blocks every transaction is acknowledged and forgotten; on Solana then so much time passes that they expire. */
  forget(blocks: number): void;
  /** How an effect is named on the chain. */
  idOf(key: string): string;
  /** How often each effect happened, as the chain has it. */
  counts(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}
