/** The local cluster, misbehaving on purpose: replies are lost, packets dropped, late and doubled, forks dropped, and time jumps. */
import { createKeyPairSignerFromPrivateKeyBytes, type Address } from "@solana/kit";

import type { Rng } from "../../../market/rng.js";
import { ValidatorServer } from "../../../validator/server.js";
import type { SendFault } from "../../../validator/delivery.js";
import type { CrashTarget } from "../target.js";
import { EFFECT_LAMPORTS, effectAddress, KEEPER_SEED } from "./effect.js";

const SLOT_MS = 40;
/** Long enough for a keeper to see what a fork then takes away: a fork drops four times as many blocks as a reorganisation on EVM. */
const CONFIRMED_BLOCKS = 12;
const FINALIZED_BLOCKS = 20;
const BLOCKS_PER_DEPTH = 4;
const FUNDS_LAMPORTS = 1_000_000_000_000n;
const LOST_REPLIES_PERCENT = 5;
const DROPPED_PERCENT = 5;
const LATE_PERCENT = 4;
const DOUBLED_PERCENT = 3;
/** Forks whose transactions some node sends again at once. */
const REDELIVERED_PERCENT = 25;
/** A late packet may come just before and just after its blockhash expires. */
const LATEST_SLOTS = 160;
/** Enough for whatever was signed before to expire beyond doubt. */
const JUMP_SLOTS = 151 + FINALIZED_BLOCKS + CONFIRMED_BLOCKS + 1;

export class SolanaCrashChain implements CrashTarget {
  readonly worker = "scripts/bench/crash/solana/worker.ts";
  mute = false;
  reorgs = 0;
  lostReplies = 0;
  forgotten = 0;
  #slot = 0;
  #forgetUntilSlot = 0;
  #reorgWanted = 0;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    private readonly server: ValidatorServer,
    private readonly keeper: Address,
    private readonly rng: Rng,
  ) {
    const { faults } = server.cluster;
    faults.send = () => this.sendFault();
    faults.request = (method) => {
      const lost = method !== "sendTransaction" && this.happens(LOST_REPLIES_PERCENT);
      if (lost) this.lostReplies += 1;
      return lost ? "lose-reply" : undefined;
    };
    this.#timer = setInterval(() => {
      this.slot();
    }, SLOT_MS);
  }

  static async start(rng: Rng): Promise<SolanaCrashChain> {
    const depths = { confirmedBlocks: CONFIRMED_BLOCKS, finalizedBlocks: FINALIZED_BLOCKS };
    const server = await ValidatorServer.start({ seed: "crash", ...depths });
    const { address } = await createKeyPairSignerFromPrivateKeyBytes(KEEPER_SEED);
    const { bank, faucet } = server.cluster;
    bank.deliver(await faucet.airdrop(address, FUNDS_LAMPORTS));
    server.cluster.advance(2 * FINALIZED_BLOCKS);
    return new SolanaCrashChain(server, address, rng);
  }

  get url(): string {
    return this.server.url;
  }

  get recorder(): string {
    return this.server.cluster.bank.genesisHash;
  }

  /** Happens at the next slot in which it takes something away that the keeper may have seen. */
  reorg(depth: number): Promise<void> {
    this.#reorgWanted = depth * BLOCKS_PER_DEPTH;
    return Promise.resolve();
  }

  forget(blocks: number): void {
    this.#forgetUntilSlot = this.#slot + blocks;
  }

  idOf(key: string): string {
    return effectAddress(key);
  }

  /** Every address that the keeper has ever paid, by its balance. */
  counts(): Promise<Map<string, number>> {
    const { bank } = this.server.cluster;
    const paid = new Set(bank.history.of(this.keeper).flatMap(({ accounts }) => accounts));
    paid.delete(this.keeper);
    const counts = new Map<string, number>();
    for (const address of paid) {
      const account = bank.account(address);
      // Programs and the faucet are named by transactions as well, and nobody pays them an effect.
      const lamports = account === undefined || account.executable ? 0n : account.lamports;
      if (lamports > 0n && lamports < FUNDS_LAMPORTS) counts.set(address, Number(lamports / EFFECT_LAMPORTS));
    }
    return Promise.resolve(counts);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.server.stop();
  }

  private slot(): void {
    this.#slot += 1;
    const ends = this.#slot === this.#forgetUntilSlot;
    this.server.cluster.advance(ends ? JUMP_SLOTS : 1);
    if (this.#reorgWanted > 0) this.dropFork();
  }

  private dropFork(): void {
    const { cluster } = this.server;
    const { blocks } = cluster.bank;
    const depth = Math.min(this.#reorgWanted, blocks.droppable);
    const [oldest] = blocks.after(blocks.newest("confirmed").slot).slice(-depth);
    if (depth === 0 || oldest === undefined || oldest.transactions.length === 0) return;
    this.#reorgWanted = 0;
    this.reorgs += 1;
    cluster.fork(depth, this.happens(REDELIVERED_PERCENT));
  }

  private sendFault(): SendFault | undefined {
    if (this.#slot < this.#forgetUntilSlot) {
      this.forgotten += 1;
      return { kind: "drop" };
    }
    if (this.mute || this.happens(LOST_REPLIES_PERCENT)) {
      this.lostReplies += 1;
      return { kind: "lose-reply" };
    }
    if (this.happens(DROPPED_PERCENT)) {
      this.forgotten += 1;
      return { kind: "drop" };
    }
    if (this.happens(LATE_PERCENT)) return { kind: "delay", slots: 1 + this.rng.below(LATEST_SLOTS) };
    return this.happens(DOUBLED_PERCENT) ? { kind: "duplicate", slots: 1 + this.rng.below(LATEST_SLOTS) } : undefined;
  }

  private happens(percent: number): boolean {
    return this.rng.below(100) < percent;
  }
}
