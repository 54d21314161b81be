/** The Solana cluster of the local world: LiteSVM behind JSON-RPC, our programs on it, and a clock that runs as fast as the market. */
import fs from "node:fs/promises";

import {
  appendTransactionMessageInstructions,
  blockhash,
  createTransactionMessage,
  getTransactionEncoder,
  pipe,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  compileTransaction,
  type Address,
  type Instruction,
  type KeyPairSigner,
  type Transaction,
} from "@solana/kit";

import { RevertError } from "../../../protocol/errors.js";
import { failureOf } from "../../../protocol/solana/errors.js";
import { localSigner } from "../../../protocol/solana/programKeys.js";
import { lastValidBlockHeight } from "../../validator/blockhashes.js";
import { Cluster } from "../../validator/cluster.js";
import { localPayer, PAYER_LAMPORTS } from "../../validator/localPayer.js";
import { ownPrograms } from "../../validator/localPrograms.js";
import { loadUpgradeable } from "../../validator/programs.js";
import { ValidatorServer } from "../../validator/server.js";
import { fromBytes } from "../../validator/wire.js";

const SLOT_MS = 400;
const WALLET_LAMPORTS = 10_000_000_000n;

/** Why the cluster said no. */
export interface Refusal {
  /** Name of the error, of ours or of the token program. */
  readonly name: string;
}

export class SolanaChain {
  private constructor(
    readonly cluster: Cluster,
    private readonly server: ValidatorServer,
    /** Pays everything, and may upgrade the programs. */
    readonly payer: KeyPairSigner,
  ) {}

  /** @param speed seconds of the cluster's clock in one of ours. @param root of the project. */
  static async start(speed: number, root: string): Promise<SolanaChain> {
    const clockMsPerSlot = BigInt(Math.round(SLOT_MS * speed));
    const cluster = await Cluster.create({ clockMsPerSlot, genesisTime: BigInt(Date.now()) / 1000n });
    const payer = await localPayer();
    cluster.bank.deliver(await cluster.faucet.airdrop(payer.address, PAYER_LAMPORTS));
    for (const { programId, file } of ownPrograms(root)) {
      const so = new Uint8Array(await fs.readFile(file));
      const { slot } = cluster.bank.blocks.open;
      await loadUpgradeable(cluster.bank, { programId, so, upgradeAuthority: payer.address, slot });
    }
    cluster.advance();
    const server = await ValidatorServer.serve(cluster, { port: 0, slotMs: SLOT_MS });
    return new SolanaChain(cluster, server, payer);
  }

  get url(): string {
    return this.server.url;
  }

  /** Unix seconds of the cluster's clock. */
  get now(): bigint {
    return this.cluster.bank.blocks.open.time;
  }

  /** The cluster's clock jumps ahead, as if everybody had slept. */
  sleep(seconds: bigint): void {
    this.cluster.bank.jumpTo((this.now + seconds) * 1000n);
  }

  /** Somebody with a wallet of his own. */
  async wallet(name: string, lamports = WALLET_LAMPORTS): Promise<KeyPairSigner> {
    const key = await localSigner(`world ${name}`);
    if (lamports > 0n && this.cluster.bank.account(key.address) === undefined) {
      await this.fund(key.address, lamports);
    }
    return key;
  }

  async fund(address: Address, lamports: bigint): Promise<void> {
    this.cluster.bank.deliver(await this.cluster.faucet.airdrop(address, lamports));
  }

  data(address: Address): Uint8Array | undefined {
    const data = this.cluster.bank.account(address)?.data;
    return data && new Uint8Array(data);
  }

  /** Signs, delivers, and says why it failed; undefined when it did not. */
  async send(instructions: readonly Instruction[], signers: readonly KeyPairSigner[]): Promise<Refusal | undefined> {
    const { parent } = this.cluster.bank.blocks;
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (draft) => setTransactionMessageFeePayer(this.payer.address, draft),
      (draft) =>
        setTransactionMessageLifetimeUsingBlockhash(
          { blockhash: blockhash(parent.blockhash), lastValidBlockHeight: lastValidBlockHeight(parent.height) },
          draft,
        ),
      (draft) => appendTransactionMessageInstructions(instructions, draft),
    );
    const compiled = compileTransaction(message);
    const made = await Promise.all([this.payer, ...signers].map((key) => key.signTransactions([compiled as never])));
    // in the order in which the message names them
    const signatures = { ...compiled.signatures, ...(Object.assign({}, ...made.flat()) as Transaction["signatures"]) };
    const signed = { ...compiled, signatures };
    const delivery = this.cluster.bank.deliver(fromBytes(new Uint8Array(getTransactionEncoder().encode(signed))));
    if ("refused" in delivery) return { name: JSON.stringify(delivery.refused) };
    const { error, logs } = delivery.executed;
    if (error === null) return undefined;
    const programIds = instructions.map(({ programAddress }) => programAddress);
    return { name: failureOf({ err: error, logs, programIds })?.name ?? "Unknown" };
  }

  /** @throws RevertError with the error's name. */
  async must(what: string, instructions: readonly Instruction[], signers: readonly KeyPairSigner[]): Promise<void> {
    const refusal = await this.send(instructions, signers);
    if (refusal !== undefined) throw new RevertError(refusal.name, [], `${what} on the local Solana cluster`);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}
