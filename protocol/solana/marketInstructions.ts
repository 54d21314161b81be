/**
 * Builders for what runs the market of the position manager: the upgrade authority makes it, the admin sets it, the house funds it, proposed
 * holders accept their roles. Prices are PositionInstructions.setPrice. Amounts are base units of the mint.
 */
import type { Address } from "@solana/kit";

import { programDataAddress } from "./addresses.js";
import type { PositionManager } from "./idl/position_manager.js";
import type { PlainType } from "./plain.js";
import { PositionAccounts, type TraderRef } from "./positionAccounts.js";
import type { InstructionArgs } from "./program.js";

export type MarketParams = PlainType<PositionManager, "params">;
export type MarketRole = PlainType<PositionManager, "role">;
export type NewMarket = InstructionArgs<PositionManager, "initializeMarket">["args"];

export class MarketInstructions extends PositionAccounts {
  /**
   * Once; needs the signatures of the upgrade authority and of the house's owner, who has a vault.
   * @param payer of the rent; the upgrade authority by default.
   */
  async initialize(
    args: NewMarket,
    {
      upgradeAuthority,
      houseOwner,
      payer = upgradeAuthority,
    }: Readonly<Record<"upgradeAuthority" | "houseOwner", Address>> & {
      readonly payer?: Address;
    },
  ) {
    const accounts = {
      ...{ payer, upgradeAuthority, houseOwner, ...(await this.market()) },
      program: this.program.id,
      programData: await programDataAddress(this.program.id),
      houseVault: await this.vaults.vault(houseOwner),
    };
    return this.program.instruction("initializeMarket", { args }, accounts);
  }

  // The admin

  /** Counts a day later. The house must have a balance of the mint, and have given this program a lock of it. */
  async addCollateral(admin: Address, houseVault: Address, mint: Address) {
    const { market } = await this.market();
    const house = await this.funds(houseVault, { address: mint });
    const accounts = { admin, market, houseBalance: house.balance, houseLock: house.programLock, mint };
    return this.program.instruction("addCollateral", {}, accounts);
  }

  /** Closes at once; opens a day later. */
  async setCollateralOpen(admin: Address, mint: Address, isOpen: boolean) {
    return this.program.instruction("setCollateralOpen", { args: { mint, isOpen } }, await this.administered(admin));
  }

  /** What only tightens counts at once, anything else a day later. The current ones take back what waits. */
  async setParams(admin: Address, params: MarketParams) {
    return this.program.instruction("setParams", { params }, await this.administered(admin));
  }

  /** Stops new positions at once; they may open again a day after the end. */
  async setPaused(admin: Address, isPaused: boolean) {
    return this.program.instruction("setPaused", { isPaused }, await this.administered(admin));
  }

  /** @param holder ZERO_ADDRESS takes a proposal back, and the price authority's role at once. */
  async proposeRole(admin: Address, houseVault: Address, role: MarketRole, holder: Address) {
    const accounts = { admin, ...(await this.market()), houseVault };
    return this.program.instruction("proposeRole", { args: { role, holder } }, accounts);
  }

  /** By the proposed holder, a day after the proposal. */
  async acceptRole(role: MarketRole, holder: Address) {
    return this.program.instruction("acceptRole", { role }, { holder, ...(await this.market()) });
  }

  // The house

  /** From this profits are paid. */
  lockHouse(house: TraderRef, amount: bigint) {
    return this.byHouse("lockHouse", house, amount);
  }

  /** Asks for at most what is locked now; 0 takes the request back. */
  requestHouseUnlock(house: TraderRef, amount: bigint) {
    return this.byHouse("requestHouseUnlock", house, amount);
  }

  /** From a day after the request on, for a day. */
  unlockHouse(house: TraderRef, amount: bigint) {
    return this.byHouse("unlockHouse", house, amount);
  }

  private async byHouse(
    name: "lockHouse" | "requestHouseUnlock" | "unlockHouse",
    { owner, mint }: TraderRef,
    amount: bigint,
  ) {
    const { market } = await this.market();
    const house = await this.funds(await this.vaults.vault(owner), mint);
    return this.program.instruction(
      name,
      { amount },
      { houseOwner: owner, access: await this.access(), market, house },
    );
  }

  private async administered(admin: Address) {
    return { admin, market: await this.addresses.market() };
  }
}
