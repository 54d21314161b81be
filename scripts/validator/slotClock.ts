/** Unix time of slots: a steady pace, and jumps on request. */
export class SlotClock {
  private base: { readonly slot: bigint; readonly timeMs: bigint };

  constructor(
    /** Unix milliseconds of slot 0. */
    genesisTimeMs: bigint,
    private readonly msPerSlot: bigint,
  ) {
    this.base = { slot: 0n, timeMs: genesisTimeMs };
  }

  /** Unix milliseconds. */
  timeMsOf(slot: bigint): bigint {
    return this.base.timeMs + (slot - this.base.slot) * this.msPerSlot;
  }

  /** From `slot` on it is that late; slots before it have their times already. */
  set(slot: bigint, timeMs: bigint): void {
    this.base = { slot, timeMs };
  }
}
