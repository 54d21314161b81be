/** Which accounts the position manager's instructions are about: derived for one deployment of it and of the vault program. */
import type { Address } from "@solana/kit";

import type { MintRef } from "./accountRules.js";
import { collateralAuthorityAddress, PositionAddresses, programDataAddress, VaultAddresses } from "./addresses.js";
import { positionProgram, type PositionProgram } from "./positionProgram.js";
import { vaultProgram } from "./vaultProgram.js";

/** Somebody's money in a mint: of a trader, or of the house. */
export interface TraderRef {
  readonly owner: Address;
  readonly mint: MintRef;
}

export class PositionAccounts {
  readonly addresses: PositionAddresses;
  protected readonly vaults: VaultAddresses;

  /** @param vaultProgramId the vault program that it calls. */
  constructor(
    readonly program: PositionProgram = positionProgram,
    readonly vaultProgramId: Address = vaultProgram.id,
  ) {
    this.addresses = new PositionAddresses(program.id);
    this.vaults = new VaultAddresses(vaultProgramId);
  }

  protected async market() {
    return { market: await this.addresses.market(), price: await this.addresses.price() };
  }

  /** What the vault program needs to know the caller by. */
  protected async access() {
    const { id } = this.program;
    return {
      program: this.vaultProgramId,
      collateralAuthority: await collateralAuthorityAddress(id),
      vaultAuthority: await this.vaults.vaultAuthority(),
      authorizedProgram: await this.vaults.authorizedProgram(id),
      programData: await programDataAddress(id),
    };
  }

  /** A vault's balance of a mint, and this program's lock of it. */
  protected async funds(vault: Address, mint: Pick<MintRef, "address">) {
    const balance = await this.vaults.balance(vault, mint.address);
    return { vault, balance, programLock: await this.vaults.programLock(balance, this.program.id) };
  }
}
