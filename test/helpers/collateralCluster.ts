/** A local cluster with the vault program behind JSON-RPC, a mint, and owners with vaults: what keepers of collateral work on. */
import { lamports, type Address, type EncodedAccount, type Instruction, type KeyPairSigner } from "@solana/kit";
import { readFileSync } from "node:fs";

import { associatedTokenAddress } from "../../protocol/solana/addresses.js";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../../protocol/solana/errorNames.js";
import { VaultInstructions } from "../../protocol/solana/instructions.js";
import { createTokensInstruction } from "../../protocol/solana/tokens.js";
import { vaultProgram } from "../../protocol/solana/vaultProgram.js";
import { loadUpgradeable } from "../../scripts/validator/programs.js";
import type { ServerOptions } from "../../scripts/validator/server.js";
import { sendSigned } from "./solana.js";
import { testEngine, type EngineNode } from "./solanaEngine/engine.js";
import { startNode } from "./solanaEngine/start.js";
import { createMintInstructions, mintBytes, mintToInstruction } from "./solanaVault/mints.js";
import { keyOf } from "./solanaVault/svm.js";

const FIRST_LAMPORTS = 1_000_000_000_000n;
/** Blocks after which surfpool has finalized one, and some. */
const SURFPOOL_FINALIZES = 34;
/** 2026-01-01T00:00:00Z. */
const GENESIS_SECONDS = 1_767_225_600n;

export interface ClusterOwner {
  readonly key: KeyPairSigner;
  readonly vault: Address;
  readonly balance: Address;
  readonly vaultTokens: Address;
}

export class CollateralCluster {
  readonly instructions = new VaultInstructions();

  private constructor(
    readonly node: EngineNode,
    readonly roles: Record<"payer" | "upgradeAuthority" | "admin" | "guardian" | "mintAuthority", KeyPairSigner>,
    readonly mint: { readonly address: Address; readonly tokenProgram: Address; readonly decimals: number },
  ) {}

  static async start(options: ServerOptions = {}): Promise<CollateralCluster> {
    const node = await startNode({
      genesisTime: GENESIS_SECONDS,
      confirmedBlocks: 1,
      finalizedBlocks: 3,
      ...options,
    });
    const names = ["payer", "upgradeAuthority", "admin", "guardian", "mintAuthority"] as const;
    const keys = await Promise.all(names.map(async (name) => [name, await keyOf(name)] as const));
    const roles = Object.fromEntries(keys) as CollateralCluster["roles"];
    const mint = { address: (await keyOf("mint 1")).address, tokenProgram: TOKEN_PROGRAM as Address, decimals: 6 };
    const cluster = new CollateralCluster(node, roles, mint);
    for (const key of Object.values(roles)) cluster.fund(key.address);
    await loadUpgradeable(node, {
      programId: vaultProgram.id,
      so: readFileSync("programs/prebuilt/collateral_vault.so"),
      upgradeAuthority: roles.upgradeAuthority.address,
      slot: 0n,
    });
    node.advance(4);
    const { payer, upgradeAuthority, admin, guardian } = roles;
    await cluster.anotherMint("mint 1");
    const at = { admin: admin.address, guardian: guardian.address };
    await cluster.send(
      [await cluster.instructions.initializeAuthority(at, upgradeAuthority.address, payer.address)],
      [upgradeAuthority],
    );
    return cluster;
  }

  /** A mint like the first one, made by the same authority. */
  async anotherMint(name: string): Promise<CollateralCluster["mint"]> {
    const key = await keyOf(name);
    const { payer, mintAuthority } = this.roles;
    const mint = { ...this.mint, address: key.address };
    const rent = this.node.minimumBalanceForRentExemption(BigInt(mintBytes({})));
    await this.send(createMintInstructions(payer.address, mint.address, mintAuthority.address, rent, mint), [key]);
    return mint;
  }

  get url(): string {
    return this.node.url;
  }

  get genesisHash(): string {
    return this.node.genesisHash;
  }

  /** The unix time of the open block. */
  get now(): bigint {
    return this.node.now;
  }

  fund(address: Address, amount = FIRST_LAMPORTS): void {
    const account = { address, data: new Uint8Array(), executable: false, space: 0n };
    this.put({ ...account, lamports: lamports(amount), programAddress: SYSTEM_PROGRAM as Address });
  }

  /** Writes an account as no program could. */
  put(account: EncodedAccount): void {
    this.node.setAccount(account);
  }

  account(address: Address): EncodedAccount | undefined {
    const account = this.node.getAccount(address);
    return account.exists ? account : undefined;
  }

  advance(slots = 1): void {
    this.node.advance(slots);
  }

  /** Everything that happened so far is final. */
  finalize(): void {
    this.advance(testEngine() === "litesvm" ? 6 : SURFPOOL_FINALIZES);
  }

  /** Time passes without blocks. */
  wait(seconds: bigint): void {
    this.node.jumpTo(this.now + seconds);
  }

  /** Sends a transaction into the open block. @returns its signature. */
  async send(instructions: readonly Instruction[], signers: readonly KeyPairSigner[] = []): Promise<string> {
    const signature = await sendSigned(this.url, this.roles.payer, instructions, signers);
    this.advance();
    return signature;
  }

  async refs(name: string, mint = this.mint): Promise<ClusterOwner> {
    const key = await keyOf(name);
    const { addresses } = this.instructions;
    const vault = await addresses.vault(key.address);
    const balance = await addresses.balance(vault, mint.address);
    return {
      key,
      vault,
      balance,
      vaultTokens: await addresses.vaultTokens(vault, mint.address, mint.tokenProgram),
    };
  }

  /** An owner with a vault that holds `depositUnits`, and as much again in his wallet. */
  async owner(name: string, depositUnits: bigint, of = this.mint): Promise<ClusterOwner> {
    const { payer, mintAuthority } = this.roles;
    const owner = await this.refs(name, of);
    const { address: wallet } = owner.key;
    const { address: mint, tokenProgram } = of;
    this.fund(wallet);
    const tokens = await associatedTokenAddress(wallet, mint, tokenProgram);
    await this.send(
      [
        await createTokensInstruction(payer.address, wallet, mint, tokenProgram),
        mintToInstruction(tokenProgram, mint, tokens, mintAuthority.address, depositUnits * 2n),
      ],
      [mintAuthority],
    );
    const at = { vault: { owner: wallet }, mint: of };
    await this.send([await this.instructions.initialize(wallet), await this.instructions.openBalance(at)], [owner.key]);
    if (depositUnits > 0n) await this.send([await this.instructions.deposit(at, depositUnits)], [owner.key]);
    return owner;
  }

  stop(): Promise<void> {
    return this.node.stop();
  }
}
