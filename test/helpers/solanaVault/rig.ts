/**
 * The collateral vault on the chosen engine: the real programs at their local addresses, configured, with mints, users and consumers. A rig
 * is its own cluster; all keys, and so all addresses and compute units, are the same in every run.
 */
import { readFileSync } from "node:fs";

import type { Address, EncodedAccount, Instruction, KeyPairSigner } from "@solana/kit";

import {
  associatedTokenAddress,
  codeAddress,
  collateralAuthorityAddress,
  UPGRADEABLE_LOADER,
  VaultAddresses,
} from "../../../protocol/solana/addresses.js";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { CollateralVault } from "../../../protocol/solana/idl/collateral_vault.js";
import { VaultInstructions, type MintRef, type VaultRef } from "../../../protocol/solana/instructions.js";
import type { PlainType } from "../../../protocol/solana/plain.js";
import type { AccountName } from "../../../protocol/solana/program.js";
import { codeHashOf, PROGRAM_DATA_LAYOUT } from "../../../protocol/solana/programData.js";
import { LOCAL_PROGRAM_IDS } from "../../../protocol/solana/programKeys.js";
import { createTokensInstruction, readTokenAccount } from "../../../protocol/solana/tokens.js";
import { unitLimit } from "../../../protocol/solana/computeBudget.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { loadUpgradeable } from "../../../scripts/validator/programs.js";
import type { SvmEngine } from "../solanaEngine/engine.js";
import { startEngine } from "../solanaEngine/start.js";
import {
  createMintInstructions,
  freezeInstruction,
  mintBytes,
  mintToInstruction,
  transferTokensInstruction,
  type MintOptions,
} from "./mints.js";
import { keyOf, START_SECONDS, START_SLOT, TestSvm } from "./svm.js";

export interface TestMint extends MintRef {
  /** Mints, freezes, and holds every authority of its extensions. */
  readonly authority: KeyPairSigner;
}

/** A program that may be registered. It has the code of another; calls of it are made with `as: [collateralAuthority]`. */
export interface TestConsumer {
  readonly programId: Address;
  readonly programData: Address;
  readonly collateralAuthority: Address;
}

export interface RigOptions {
  /** See TestSvm: for tests of many thousand transactions. */
  readonly isUnsigned?: boolean;
  /** Leaves `initialize_authority` to the test. */
  readonly isBare?: boolean;
}

const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr" as Address;
const DAY_SECONDS = 86_400n;

/** What `initialize_authority` leaves, made once in a process. */
let configuration: Promise<EncodedAccount> | undefined;

export class VaultRig extends TestSvm {
  readonly addresses = new VaultAddresses();
  readonly program = vaultProgram;
  readonly instructions = new VaultInstructions();
  private mints = 0;

  private constructor(
    svm: SvmEngine,
    readonly roles: Roles,
    isUnsigned: boolean,
  ) {
    super(svm, roles.payer, isUnsigned);
  }

  static async create({ isUnsigned = false, isBare = false }: RigOptions = {}): Promise<VaultRig> {
    const rig = await VaultRig.empty(isUnsigned);
    if (isBare) return rig;
    configuration ??= configurationOf(await VaultRig.empty(false));
    rig.svm.setAccount(await configuration);
    return rig;
  }

  private static async empty(isUnsigned: boolean): Promise<VaultRig> {
    const svm = await startEngine();
    const rig = new VaultRig(svm, await makeRoles(), isUnsigned);
    rig.setClock(START_SECONDS, START_SLOT);
    for (const key of Object.values<KeyPairSigner>({ ...rig.roles })) rig.fund(key.address);
    for (const [name, programId] of Object.entries(LOCAL_PROGRAM_IDS)) {
      const so = readFileSync(`programs/prebuilt/${name.replaceAll("-", "_")}.so`);
      const upgradeAuthority = rig.roles.upgradeAuthority.address;
      await loadUpgradeable(svm, { programId: programId as Address, so, upgradeAuthority, slot: START_SLOT - 1n });
    }
    return rig;
  }

  /** `initialize_authority` as the deployment runs it. */
  async configure(): Promise<void> {
    const { payer, upgradeAuthority, admin, guardian } = this.roles;
    const roles = { admin: admin.address, guardian: guardian.address };
    const instruction = await this.instructions.initializeAuthority(roles, upgradeAuthority.address, payer.address);
    await this.must([instruction], { signers: [upgradeAuthority] });
  }

  /** A mint of the token program, or of Token-2022 when it has a fee or extensions. */
  async mint(options: MintOptions = {}): Promise<TestMint> {
    const isExtended = options.transferFee !== undefined || (options.extensions ?? []).length > 0;
    const tokenProgram = options.tokenProgram ?? ((isExtended ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM) as Address);
    this.mints += 1;
    const key = await keyOf(`mint ${String(this.mints)}`);
    const { mintAuthority: authority, payer } = this.roles;
    const given = { ...options, tokenProgram };
    const rent = this.svm.minimumBalanceForRentExemption(BigInt(mintBytes(given)));
    await this.must(createMintInstructions(payer.address, key.address, authority.address, rent, given), {
      signers: [key],
    });
    const { decimals = 6, transferFee } = options;
    return { address: key.address, tokenProgram, decimals, transferFee, authority };
  }

  /** Opens the associated token account of `owner` and mints `amountUnits` into it. */
  async tokens(owner: Address, mint: TestMint, amountUnits = 0n): Promise<Address> {
    const { tokenProgram, authority } = mint;
    const tokens = await associatedTokenAddress(owner, mint.address, tokenProgram);
    const instructions: Instruction[] = [
      await createTokensInstruction(this.payer.address, owner, mint.address, tokenProgram),
    ];
    if (amountUnits > 0n) {
      instructions.push(mintToInstruction(tokenProgram, mint.address, tokens, authority.address, amountUnits));
    }
    await this.must(instructions, { signers: amountUnits > 0n ? [authority] : [] });
    return tokens;
  }

  /** What a token account holds; 0 when it does not exist. */
  held(tokens: Address): bigint {
    const account = this.svm.getAccount(tokens);
    return account.exists && account.data.length > 0
      ? readTokenAccount(account.programAddress, account.data).amountUnits
      : 0n;
  }

  async freeze(mint: TestMint, tokens: Address, isFrozen = true): Promise<void> {
    const { authority } = mint;
    await this.must([freezeInstruction(mint.tokenProgram, tokens, mint.address, authority.address, isFrozen)], {
      signers: [authority],
    });
  }

  /** Tokens that arrive outside the program. */
  async donate(mint: TestMint, from: KeyPairSigner, to: Address, amountUnits: bigint): Promise<void> {
    const source = await associatedTokenAddress(from.address, mint.address, mint.tokenProgram);
    await this.must([transferTokensInstruction(mint, source, to, from.address, amountUnits)], { signers: [from] });
  }

  /** Loads a program under the key of `name`. @param code of the memo program unless given. */
  async consumer(name: string, code?: Uint8Array): Promise<TestConsumer> {
    const { address: programId } = await keyOf(`program ${name}`);
    const memo = this.svm.getAccount(MEMO);
    if (!memo.exists) throw new Error("LiteSVM has lost its memo program");
    const { address: upgradeAuthority } = this.roles.upgradeAuthority;
    const program = { programId, so: code ?? memo.data, upgradeAuthority, slot: START_SLOT - 1n };
    const programData = await loadUpgradeable(this.svm, program);
    return { programId, programData, collateralAuthority: await collateralAuthorityAddress(programId) };
  }

  /** Of a program's code as it is now; of nothing where there is none. */
  async codeHash(programId: Address, loader: Address = UPGRADEABLE_LOADER): Promise<Uint8Array> {
    const account = this.data(await codeAddress(programId, loader)) ?? new Uint8Array();
    return codeHashOf(account.subarray(loader === UPGRADEABLE_LOADER ? PROGRAM_DATA_LAYOUT.elfAt : 0));
  }

  /** Registers a consumer and waits until it counts, unless told not to. @returns its record. */
  async register({ programId }: TestConsumer, waitSeconds = DAY_SECONDS): Promise<Address> {
    const { payer, admin } = this.roles;
    const hash = await this.codeHash(programId);
    const instruction = await this.instructions.registerProgram(programId, admin.address, hash, payer.address);
    await this.must([unitLimit(1_400_000), instruction], { signers: [admin] });
    this.warp(waitSeconds);
    return this.addresses.authorizedProgram(programId);
  }

  /** A wallet with a vault for each mint, `amountUnits` of it in the wallet and as much deposited. */
  async depositor(name: string, mints: readonly TestMint[], amountUnits: bigint): Promise<Depositor> {
    const owner = await this.wallet(name);
    const vault: VaultRef = { owner: owner.address };
    await this.must([await this.instructions.initialize(owner.address)], { signers: [owner] });
    for (const mint of mints) {
      await this.tokens(owner.address, mint, 2n * amountUnits);
      const opening = [await this.instructions.openBalance({ vault, mint })];
      if (amountUnits > 0n) opening.push(await this.instructions.deposit({ vault, mint }, amountUnits));
      await this.must(opening, { signers: [owner] });
    }
    return { key: owner, vault, address: await this.addresses.vault(owner.address) };
  }

  /** An account of the vault program, decoded. @throws Error when it does not exist. */
  read<N extends AccountName<CollateralVault>>(name: N, address: Address): PlainType<CollateralVault, N> {
    const data = this.data(address);
    if (data === undefined || data.length === 0) throw new Error(`${name} ${address} does not exist`);
    return vaultProgram.decodeAccount(name, data) as PlainType<CollateralVault, N>;
  }

  async balance(owner: Address, mint: TestMint): Promise<PlainType<CollateralVault, "balance">> {
    return this.read("balance", await this.addresses.balance(await this.addresses.vault(owner), mint.address));
  }
}

export interface Depositor {
  readonly key: KeyPairSigner;
  readonly vault: VaultRef;
  /** Of the vault. */
  readonly address: Address;
}

export interface Roles {
  readonly payer: KeyPairSigner;
  readonly upgradeAuthority: KeyPairSigner;
  readonly admin: KeyPairSigner;
  readonly guardian: KeyPairSigner;
  readonly mintAuthority: KeyPairSigner;
}

async function makeRoles(): Promise<Roles> {
  return {
    payer: await keyOf("payer"),
    upgradeAuthority: await keyOf("upgrade authority"),
    admin: await keyOf("admin"),
    guardian: await keyOf("guardian"),
    mintAuthority: await keyOf("mint authority"),
  };
}

async function configurationOf(rig: VaultRig): Promise<EncodedAccount> {
  await rig.configure();
  const account = rig.svm.getAccount(await rig.addresses.vaultAuthority());
  if (!account.exists) throw new Error("the program was not configured");
  return account;
}
