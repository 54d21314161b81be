/** Which address stands behind the name of an account, for every instruction of the vault program. */
import type { Address } from "@solana/kit";

import { associatedTokenAddress, codeAddress, collateralAuthorityAddress, type VaultAddresses } from "./addresses.js";

export const INSTRUCTIONS_SYSVAR = "Sysvar1nstructions1111111111111111111111111" as Address;

/** A mint as instructions need it. */
export interface MintRef {
  readonly address: Address;
  readonly tokenProgram: Address;
  readonly decimals: number;
  /** What Token-2022 keeps of every transfer now; none where the mint has no fee. */
  readonly transferFee?: TransferFee | undefined;
}

/** Of a Token-2022 mint. */
export interface TransferFee {
  readonly bps: number;
  /** In base units. */
  readonly maxUnits: bigint;
}

/** A vault, and which of its rules exist: accounts of rules that exist must be passed, others cannot be. */
export interface VaultRef {
  readonly owner: Address;
  readonly hasSecurityConfig?: boolean;
  readonly hasMultiSig?: boolean;
}

/** What an instruction is about. */
export interface Subject {
  readonly vault?: VaultRef;
  readonly mint?: MintRef;
  /** A program that is, or may be, registered. */
  readonly consumer?: Address;
  /** The consumer's; the upgradeable one by default. */
  readonly loader?: Address | undefined;
  /** Seed of a delayed withdrawal. */
  readonly timestamp?: bigint;
  /** Of a proposal. */
  readonly index?: bigint;
  readonly payer?: Address;
}

type Rule = (resolve: AccountResolver) => Promise<Address | undefined> | Address | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  vaultAuthority: ({ addresses }) => addresses.vaultAuthority(),
  owner: ({ subject }) => subject.vault?.owner,
  vault: ({ addresses, vault }) => addresses.vault(vault.owner),
  // While there is a multi-sig nobody else withdraws or configures.
  authority: (at) => (at.vault.hasMultiSig === true ? at.get("multiSigVault") : at.vault.owner),
  // Who stops something: others than the authority may, and then are given.
  signer: (at) => at.get("authority"),
  payer: ({ subject }) => subject.payer ?? subject.vault?.owner,
  mint: ({ mint }) => mint.address,
  tokenProgram: ({ mint }) => mint.tokenProgram,
  balance: async (at) => at.addresses.balance(await at.get("vault"), at.mint.address),
  vaultTokens: async (at) => associatedTokenAddress(await at.get("vault"), at.mint.address, at.mint.tokenProgram),
  ownerTokens: ({ vault, mint }) => associatedTokenAddress(vault.owner, mint.address, mint.tokenProgram),
  securityConfig: async (at) => at.addresses.securityConfig(await at.get("vault")),
  multiSigVault: async (at) => at.addresses.multiSigVault(await at.get("vault")),
  pendingWithdrawal: async (at) => at.addresses.pendingWithdrawal(await at.get("vault"), at.need("timestamp")),
  proposal: async (at) => at.addresses.proposal(await at.get("multiSigVault"), at.need("index")),
  program: (at) => at.need("consumer"),
  programData: (at) => codeAddress(at.need("consumer"), at.subject.loader),
  collateralAuthority: (at) => collateralAuthorityAddress(at.need("consumer")),
  authorizedProgram: (at) => at.addresses.authorizedProgram(at.need("consumer")),
  programLock: async (at) => at.addresses.programLock(await at.get("balance"), at.need("consumer")),
  instructions: () => INSTRUCTIONS_SYSVAR,
};

/** Optional accounts that are passed exactly while the vault says they exist. */
const PRESENT: Readonly<Record<string, (vault: VaultRef | undefined) => boolean>> = {
  securityConfig: (vault) => vault?.hasSecurityConfig === true,
  multiSigVault: (vault) => vault?.hasMultiSig === true,
};

/** Derives the accounts of one instruction, each address once. */
export class AccountResolver {
  private readonly known = new Map<string, Promise<Address>>();

  constructor(
    readonly addresses: VaultAddresses,
    readonly subject: Subject,
    given: Readonly<Record<string, Address | undefined>>,
  ) {
    for (const [name, address] of Object.entries(given)) {
      if (address !== undefined) this.known.set(name, Promise.resolve(address));
    }
  }

  get vault(): VaultRef {
    return this.need("vault");
  }

  get mint(): MintRef {
    return this.need("mint");
  }

  need<K extends keyof Subject>(key: K): NonNullable<Subject[K]> {
    const value = this.subject[key];
    if (value == null) throw new Error(`the instruction needs to know its ${key}`);
    return value;
  }

  /** Whether an optional account is to be passed. */
  isPresent(name: string): boolean {
    return this.known.has(name) || (PRESENT[name]?.(this.subject.vault) ?? false);
  }

  get(name: string): Promise<Address> {
    const known = this.known.get(name) ?? this.derive(name);
    this.known.set(name, known);
    return known;
  }

  private async derive(name: string): Promise<Address> {
    const address = await RULES[name]?.(this);
    if (address === undefined) throw new Error(`nothing says which account is the ${name}`);
    return address;
  }
}
