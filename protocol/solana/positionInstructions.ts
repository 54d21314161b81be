/**
 * Builders for what traders, liquidators and the price authority do with the position manager, which calls the vault program. Amounts are
 * base units of the mint.
 */
import type { Address } from "@solana/kit";

import type { MintRef } from "./accountRules.js";
import { associatedTokenAddress } from "./addresses.js";
import type { PositionManager } from "./idl/position_manager.js";
import { PositionAccounts, type TraderRef } from "./positionAccounts.js";
import type { InstructionArgs } from "./program.js";

export type { TraderRef } from "./positionAccounts.js";

type Args<N> = InstructionArgs<PositionManager, N> extends { readonly args: infer A } ? A : never;
export type OpenPosition = Args<"openPosition">;
export type IncreasePosition = Args<"increasePosition">;
export type SettlePosition = Args<"settlePosition">;

export class PositionInstructions extends PositionAccounts {
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
