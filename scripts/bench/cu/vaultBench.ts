/** The committed vault program in LiteSVM, configured, with its instructions ready to be measured. Addresses come from names; nobody signs. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import {
  AccountRole,
  getAddressDecoder,
  getAddressEncoder,
  lamports,
  type Address,
  type Instruction,
} from "@solana/kit";
import { getBytes, sha256, toUtf8Bytes } from "ethers";
import { LiteSVM } from "litesvm";

import {
  associatedTokenAddress,
  collateralAuthorityAddress,
  programDataAddress,
  VaultAddresses,
} from "../../../protocol/solana/addresses.js";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import { codeHashOf } from "../../../protocol/solana/programData.js";
import { LOCAL_PROGRAM_IDS, type ProgramName } from "../../../protocol/solana/programKeys.js";
import { createTokensInstruction } from "../../../protocol/solana/tokens.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { outputsOf } from "../../programs/layout.js";
import { loadUpgradeable } from "../../validator/programs.js";
import { Meter, type ComputeUnits } from "./meter.js";

export const SECONDS_PER_DAY = 86_400n;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
/** 2026-01-01T00:00:00Z. */
const START_SECONDS = 1_767_225_600n;
const START_SLOT = 1_000n;
const DECIMALS = 6;
const MINTED_UNITS = 1_000_000n;
const LAMPORTS = lamports(1_000_000_000_000n);
const INSTRUCTIONS_SYSVAR = "Sysvar1nstructions1111111111111111111111111" as Address;
const CONSUMER: ProgramName = "position-manager";
const codeOf = (name: ProgramName): Uint8Array => readFileSync(path.join(root, outputsOf(name).so));

export interface BenchMint {
  readonly address: Address;
  readonly tokenProgram: Address;
}

interface Limits {
  readonly perTransaction: bigint;
  readonly capacity: bigint;
  readonly refillPerDay: bigint;
}

/** An address that nobody holds the key of. */
const named = (name: string): Address => getAddressDecoder().decode(getBytes(sha256(toUtf8Bytes(`bench ${name}`))));

const PAYER = named("payer");
const AUTHORITY = named("upgrade authority, admin, guardian and mint authority");
const GUARDIAN = named("guardian");

export class VaultBench {
  private readonly meter: Meter;
  private readonly addresses = new VaultAddresses();

  private constructor(
    private readonly svm: LiteSVM,
    private readonly vaultAuthority: Address,
    private readonly consumer: { programData: Address; collateralAuthority: Address; authorizedProgram: Address },
  ) {
    this.meter = new Meter(svm, PAYER);
  }

  static async create(): Promise<VaultBench> {
    const svm = new LiteSVM();
    const clock = svm.getClock();
    [clock.unixTimestamp, clock.slot] = [START_SECONDS, START_SLOT];
    svm.setClock(clock);
    for (const address of [PAYER, AUTHORITY]) svm.airdrop(address, LAMPORTS);
    for (const [name, programId] of Object.entries(LOCAL_PROGRAM_IDS) as [ProgramName, Address][]) {
      const so = codeOf(name);
      await loadUpgradeable(svm, { programId, so, upgradeAuthority: AUTHORITY, slot: START_SLOT - 1n });
    }
    const consumerId = LOCAL_PROGRAM_IDS[CONSUMER] as Address;
    const addresses = new VaultAddresses();
    const vaultAuthority = await addresses.vaultAuthority();
    const bench = new VaultBench(svm, vaultAuthority, {
      programData: await programDataAddress(consumerId),
      collateralAuthority: await collateralAuthorityAddress(consumerId),
      authorizedProgram: await addresses.authorizedProgram(consumerId),
    });
    const programData = await programDataAddress(vaultProgram.id);
    bench.run(
      vaultProgram.instruction(
        "initializeAuthority",
        { args: { admin: AUTHORITY, guardian: GUARDIAN } },
        { payer: PAYER, upgradeAuthority: AUTHORITY, programData, vaultAuthority },
      ),
    );
    return bench;
  }

  run(...instructions: readonly Instruction[]): void {
    this.meter.run(...instructions);
  }

  measure(instruction: Instruction): ComputeUnits {
    return this.meter.measure(instruction);
  }

  wait(seconds: bigint): void {
    const clock = this.svm.getClock();
    clock.unixTimestamp += seconds;
    this.svm.setClock(clock);
  }

  /** A plain mint: initialised, with an authority, without extensions. */
  mint(name: "spl-token" | "token-2022" | "configured"): Promise<BenchMint> {
    const tokenProgram = (name === "token-2022" ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM) as Address;
    const data = new Uint8Array(82);
    const view = new DataView(data.buffer);
    view.setUint32(0, 1, true);
    data.set(getAddressEncoder().encode(AUTHORITY), 4);
    view.setUint8(44, DECIMALS);
    view.setUint8(45, 1);
    const address = named(`mint ${name}`);
    const space = BigInt(data.length);
    this.svm.setAccount({ address, data, executable: false, lamports: LAMPORTS, programAddress: tokenProgram, space });
    return Promise.resolve({ address, tokenProgram });
  }

  /** A wallet with tokens. */
  async user(name: string, mint: BenchMint): Promise<Address> {
    const user = named(name);
    this.svm.airdrop(user, LAMPORTS);
    this.run(
      await createTokensInstruction(PAYER, user, mint.address, mint.tokenProgram),
      mintTo(mint, await this.tokens(user, mint), MINTED_UNITS),
    );
    return user;
  }

  async initialize(owner: Address): Promise<Instruction> {
    const { vaultAuthority } = this;
    const vault = await this.addresses.vault(owner);
    return vaultProgram.instruction("initialize", {}, { payer: PAYER, owner, vaultAuthority, vault });
  }

  async openBalance(owner: Address, mint: BenchMint): Promise<Instruction> {
    const accounts = { payer: PAYER, authority: owner, ...(await this.money(owner, mint)) };
    return vaultProgram.instruction("openBalance", {}, accounts);
  }

  async deposit(owner: Address, mint: BenchMint, amount: bigint): Promise<Instruction> {
    const ownerTokens = await this.tokens(owner, mint);
    const accounts = { owner, ownerTokens, ...(await this.money(owner, mint)) };
    return vaultProgram.instruction("deposit", { args: { amount, decimals: DECIMALS } }, accounts);
  }

  async withdraw(
    owner: Address,
    mint: BenchMint,
    amount: bigint,
    { hasConfig = false }: { readonly hasConfig?: boolean } = {},
  ): Promise<Instruction> {
    const money = await this.money(owner, mint);
    const destinationTokens = await this.tokens(owner, mint);
    const config = hasConfig ? { securityConfig: await this.addresses.securityConfig(money.vault) } : {};
    const accounts = { authority: owner, destinationTokens, ...money, ...config };
    return vaultProgram.instruction(
      "withdraw",
      { args: { amount, minimumReceived: amount, decimals: DECIMALS } },
      accounts,
    );
  }

  /** Lists the consumer program. */
  register(): Promise<Instruction> {
    const program = LOCAL_PROGRAM_IDS[CONSUMER] as Address;
    const { vaultAuthority, consumer } = this;
    const accounts = { payer: PAYER, admin: AUTHORITY, vaultAuthority, program, ...consumer };
    const codeHash = [...codeHashOf(codeOf(CONSUMER))];
    return Promise.resolve(vaultProgram.instruction("registerProgram", { codeHash }, accounts));
  }

  async createProgramLock(owner: Address, mint: BenchMint, cap: bigint): Promise<Instruction> {
    const accounts = { payer: PAYER, authority: owner, ...(await this.held(owner, mint)) };
    return vaultProgram.instruction("createProgramLock", { cap }, accounts);
  }

  async lock(owner: Address, mint: BenchMint, amount: bigint): Promise<Instruction> {
    return vaultProgram.instruction("lock", { amount }, await this.held(owner, mint));
  }

  async unlock(owner: Address, mint: BenchMint, amount: bigint): Promise<Instruction> {
    return vaultProgram.instruction("unlock", { amount }, await this.held(owner, mint));
  }

  async transfer(from: Address, to: Address, mint: BenchMint, amount: bigint): Promise<Instruction> {
    const [source, destination] = [await this.held(from, mint), await this.money(to, mint)];
    const accounts = {
      ...source,
      sourceVault: source.vault,
      sourceBalance: source.balance,
      sourceTokens: source.vaultTokens,
      destinationBalance: destination.balance,
      destinationTokens: destination.vaultTokens,
    };
    return vaultProgram.instruction("transferCollateral", { args: { amount, decimals: DECIMALS } }, accounts);
  }

  async setLimits(owner: Address, mint: BenchMint, limits: Limits): Promise<Instruction> {
    const accounts = { authority: owner, ...(await this.money(owner, mint)) };
    return vaultProgram.instruction("setLimits", { limits }, accounts);
  }

  async createSecurityConfig(owner: Address): Promise<Instruction> {
    const vault = await this.addresses.vault(owner);
    const securityConfig = await this.addresses.securityConfig(vault);
    return vaultProgram.instruction(
      "createSecurityConfig",
      { args: { withdrawalDelay: 0n, isWhitelistOn: false, whitelist: [], vetoer: ZERO_ADDRESS } },
      { payer: PAYER, authority: owner, vault, securityConfig },
    );
  }

  async setDelay(owner: Address, seconds: bigint): Promise<Instruction> {
    const vault = await this.addresses.vault(owner);
    const securityConfig = await this.addresses.securityConfig(vault);
    const { vaultAuthority } = this;
    return vaultProgram.instruction(
      "changeSecurity",
      { change: { kind: "withdrawalDelay", seconds } },
      { authority: owner, vaultAuthority, vault, securityConfig },
    );
  }

  async requestWithdrawal(
    owner: Address,
    mint: BenchMint,
    amount: bigint,
  ): Promise<{ readonly instruction: Instruction; readonly pendingWithdrawal: Address }> {
    const money = await this.money(owner, mint);
    const timestamp = this.svm.getClock().unixTimestamp;
    const pendingWithdrawal = await this.addresses.pendingWithdrawal(money.vault, timestamp);
    const securityConfig = await this.addresses.securityConfig(money.vault);
    const instruction = vaultProgram.instruction(
      "requestWithdrawal",
      { args: { amount, minimumReceived: amount, decimals: DECIMALS, timestamp, destination: owner } },
      { payer: PAYER, authority: owner, ...money, securityConfig, pendingWithdrawal },
    );
    return { instruction, pendingWithdrawal };
  }

  async executeWithdrawal(owner: Address, mint: BenchMint, pendingWithdrawal: Address): Promise<Instruction> {
    const money = await this.money(owner, mint);
    const accounts = {
      ...{ ...money, payer: PAYER, pendingWithdrawal, instructions: INSTRUCTIONS_SYSVAR },
      securityConfig: await this.addresses.securityConfig(money.vault),
      destinationTokens: await this.tokens(owner, mint),
    };
    return vaultProgram.instruction("executeWithdrawal", {}, accounts);
  }

  private tokens(owner: Address, mint: BenchMint): Promise<Address> {
    return associatedTokenAddress(owner, mint.address, mint.tokenProgram);
  }

  /** The accounts of one owner's ledger of one mint, under the names that instructions give them. */
  private async money(owner: Address, mint: BenchMint) {
    const { vaultAuthority } = this;
    const vault = await this.addresses.vault(owner);
    const balance = await this.addresses.balance(vault, mint.address);
    const vaultTokens = await this.tokens(vault, mint);
    return { vaultAuthority, vault, balance, vaultTokens, mint: mint.address, tokenProgram: mint.tokenProgram };
  }

  /** The same with what the consumer program needs beside them. */
  private async held(owner: Address, mint: BenchMint) {
    const money = await this.money(owner, mint);
    const programLock = await this.addresses.programLock(money.balance, LOCAL_PROGRAM_IDS[CONSUMER] as Address);
    return { ...money, ...this.consumer, programLock };
  }
}

function mintTo(mint: BenchMint, tokens: Address, amountUnits: bigint): Instruction {
  const data = new Uint8Array(9);
  const view = new DataView(data.buffer);
  view.setUint8(0, 7);
  view.setBigUint64(1, amountUnits, true);
  return {
    programAddress: mint.tokenProgram,
    accounts: [
      { address: mint.address, role: AccountRole.WRITABLE },
      { address: tokens, role: AccountRole.WRITABLE },
      { address: AUTHORITY, role: AccountRole.READONLY_SIGNER },
    ],
    data,
  };
}
