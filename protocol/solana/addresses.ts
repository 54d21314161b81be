/** Addresses that programs derive. The seeds are those of constants.rs of each program. Nothing is cached. */
import {
  getAddressEncoder,
  getI64Encoder,
  getProgramDerivedAddress,
  getU64Encoder,
  type Address,
  type ReadonlyUint8Array,
} from "@solana/kit";

import { ASSOCIATED_TOKEN_PROGRAM } from "./errorNames.js";
import { positionProgram } from "./positionProgram.js";
import { vaultProgram } from "./vaultProgram.js";

export const UPGRADEABLE_LOADER = "BPFLoaderUpgradeab1e11111111111111111111111" as Address;

type Seed = string | ReadonlyUint8Array;

const key = (address: Address): ReadonlyUint8Array => getAddressEncoder().encode(address);

async function derive(programAddress: Address, seeds: readonly Seed[]): Promise<Address> {
  const [address] = await getProgramDerivedAddress({ programAddress, seeds: [...seeds] });
  return address;
}

/** The associated token account of a wallet or of any other address. */
export function associatedTokenAddress(owner: Address, mint: Address, tokenProgram: Address): Promise<Address> {
  return derive(ASSOCIATED_TOKEN_PROGRAM as Address, [key(owner), key(tokenProgram), key(mint)]);
}

/** Where a program of the upgradeable loader keeps its code. */
export function programDataAddress(programId: Address): Promise<Address> {
  return derive(UPGRADEABLE_LOADER, [key(programId)]);
}

/** Where a program's code is. @param loader the owner of the program's account: no other keeps code apart from it. */
export async function codeAddress(programId: Address, loader: Address = UPGRADEABLE_LOADER): Promise<Address> {
  return loader === UPGRADEABLE_LOADER ? programDataAddress(programId) : programId;
}

/** The address with which a consumer program proves itself to the vault: it hands it to no other program. */
export function collateralAuthorityAddress(consumerProgramId: Address): Promise<Address> {
  return derive(consumerProgramId, ["collateral_authority"]);
}

/** Accounts of one deployment of the vault program. */
export class VaultAddresses {
  constructor(readonly programId: Address = vaultProgram.id) {}

  /** The program's configuration. */
  vaultAuthority(): Promise<Address> {
    return this.derive(["vault_authority"]);
  }

  vault(owner: Address): Promise<Address> {
    return this.derive(["vault", key(owner)]);
  }

  balance(vault: Address, mint: Address): Promise<Address> {
    return this.derive(["balance", key(vault), key(mint)]);
  }

  /** The vault's own token account of a mint: it belongs to the vault's address alone. */
  vaultTokens(vault: Address, mint: Address, tokenProgram: Address): Promise<Address> {
    return associatedTokenAddress(vault, mint, tokenProgram);
  }

  multiSigVault(vault: Address): Promise<Address> {
    return this.derive(["multi_sig_vault", key(vault)]);
  }

  proposal(multiSigVault: Address, index: bigint): Promise<Address> {
    return this.derive(["proposal", key(multiSigVault), getU64Encoder().encode(index)]);
  }

  securityConfig(vault: Address): Promise<Address> {
    return this.derive(["security_config", key(vault)]);
  }

  /** @param timestamp the seed of the request; says nothing about when it matures. */
  pendingWithdrawal(vault: Address, timestamp: bigint): Promise<Address> {
    return this.derive(["pending_withdrawal", key(vault), getI64Encoder().encode(timestamp)]);
  }

  authorizedProgram(consumerProgramId: Address): Promise<Address> {
    return this.derive(["authorized_program", key(consumerProgramId)]);
  }

  programLock(balance: Address, consumerProgramId: Address): Promise<Address> {
    return this.derive(["program_lock", key(balance), key(consumerProgramId)]);
  }

  private derive(seeds: readonly Seed[]): Promise<Address> {
    return derive(this.programId, seeds);
  }
}

/** Accounts of one deployment of the position manager. */
export class PositionAddresses {
  constructor(readonly programId: Address = positionProgram.id) {}

  market(): Promise<Address> {
    return derive(this.programId, ["market"]);
  }

  async price(): Promise<Address> {
    return derive(this.programId, ["price", key(await this.market())]);
  }

  /** @param balance the trader's, in the mint that backs the position. */
  async position(balance: Address): Promise<Address> {
    return derive(this.programId, ["position", key(await this.market()), key(balance)]);
  }
}
