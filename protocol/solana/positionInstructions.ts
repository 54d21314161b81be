/**
 * Builders for what traders, the house, liquidators and the price authority do with the position manager, which calls the vault program.
 * Amounts are base units of the mint.
 */
import type { Address } from "@solana/kit";

import type { MintRef } from "./accountRules.js";
import {
  associatedTokenAddress,
  collateralAuthorityAddress,
  PositionAddresses,
  programDataAddress,
  VaultAddresses,
} from "./addresses.js";
import type { PositionManager } from "./idl/position_manager.js";
import { positionProgram, type PositionProgram } from "./positionProgram.js";
import type { InstructionArgs } from "./program.js";
import { vaultProgram } from "./vaultProgram.js";

type Args<N> = InstructionArgs<PositionManager, N> extends { readonly args: infer A } ? A : never;
export type OpenPosition = Args<"openPosition">;
export type IncreasePosition = Args<"increasePosition">;
export type SettlePosition = Args<"settlePosition">;

/** A trader's money: the position of a vault in a mint. */
export interface TraderRef {
  readonly owner: Address;
  readonly mint: MintRef;
}

export class PositionInstructions {
  readonly addresses: PositionAddresses;
  private readonly vaults: VaultAddresses;

  /** @param vaultProgramId the vault program that it calls. */
  constructor(
    readonly program: PositionProgram = positionProgram,
    readonly vaultProgramId: Address = vaultProgram.id,
  ) {
    this.addresses = new PositionAddresses(program.id);
    this.vaults = new VaultAddresses(vaultProgramId);
  }

  async setPrice(priceAuthority: Address, args: Args<"setPrice">) {
    const { market, price } = await this.market();
    return this.program.instruction("setPrice", { args }, { priceAuthority, market, price });
  }

  async open(trader: TraderRef, args: OpenPosition) {
    return this.program.instruction("openPosition", { args }, await this.trading(trader));
  }

  async increase(trader: TraderRef, args: IncreasePosition) {
    return this.program.instruction("increasePosition", { args }, await this.trading(trader));
  }

  async addMargin(trader: TraderRef, amount: bigint) {
    return this.program.instruction("addMargin", { amount }, await this.trading(trader));
  }

  async removeMargin(trader: TraderRef, amount: bigint) {
    return this.program.instruction("removeMargin", { amount }, await this.trading(trader));
  }

  /** @param houseVault as the market's account names it. */
  async settle(trader: TraderRef, houseVault: Address, args: SettlePosition) {
    const settling = await this.settling(trader, houseVault);
    return this.program.instruction("settlePosition", { args }, { owner: trader.owner, settling });
  }

  /** Anybody may liquidate; the reward goes to the liquidator's own balance of the mint. */
  async liquidate(trader: TraderRef, houseVault: Address, liquidator: Address) {
    const settling = await this.settling(trader, houseVault);
    const own = await this.funds(await this.vaults.vault(liquidator), trader.mint);
    const accounts = {
      ...{ liquidator, owner: trader.owner, settling },
      liquidatorVault: own.vault,
      liquidatorBalance: own.balance,
      liquidatorTokens: await this.tokens(own.vault, trader.mint),
    };
    return this.program.instruction("liquidate", {}, accounts);
  }

  async ofHouse(name: "lockHouse" | "requestHouseUnlock" | "unlockHouse", house: TraderRef, amount: bigint) {
    const funds = await this.funds(await this.vaults.vault(house.owner), house.mint);
    const { market } = await this.market();
    const accounts = { houseOwner: house.owner, access: await this.access(), market, house: funds };
    return this.program.instruction(name, { amount }, accounts);
  }

  private async market() {
    return { market: await this.addresses.market(), price: await this.addresses.price() };
  }

  /** What the vault program needs to know the caller by. */
  private async access() {
    const { id } = this.program;
    return {
      program: this.vaultProgramId,
      collateralAuthority: await collateralAuthorityAddress(id),
      vaultAuthority: await this.vaults.vaultAuthority(),
      authorizedProgram: await this.vaults.authorizedProgram(id),
      programData: await programDataAddress(id),
    };
  }

  private async funds(vault: Address, mint: MintRef) {
    const balance = await this.vaults.balance(vault, mint.address);
    return { vault, balance, programLock: await this.vaults.programLock(balance, this.program.id) };
  }

  private async trading({ owner, mint }: TraderRef) {
    const trader = await this.funds(await this.vaults.vault(owner), mint);
    const position = await this.addresses.position(trader.balance);
    return { owner, access: await this.access(), ...(await this.market()), trader, position };
  }

  private async settling({ owner, mint }: TraderRef, houseVault: Address) {
    const { access, market, price, trader, position } = await this.trading({ owner, mint });
    return {
      ...{ access, market, price, trader, position },
      house: await this.funds(houseVault, mint),
      traderTokens: await this.tokens(trader.vault, mint),
      houseTokens: await this.tokens(houseVault, mint),
      mint: mint.address,
      tokenProgram: mint.tokenProgram,
    };
  }

  private tokens(vault: Address, { address, tokenProgram }: MintRef): Promise<Address> {
    return associatedTokenAddress(vault, address, tokenProgram);
  }
}
