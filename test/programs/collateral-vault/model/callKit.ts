/** What every random call is made of: who signs, which accounts, what else may be wrong with it. */
import type { Address } from "@solana/kit";

import type { CollateralVault } from "../../../../protocol/solana/idl/collateral_vault.js";
import type { InstructionName } from "../../../../protocol/solana/program.js";
import type { Cast, Mint, User } from "./cast.js";
import type { Random } from "./random.js";
import * as rules from "./rules.js";
import type { BalanceModel, Broken } from "./rules.js";

export type Name = InstructionName<CollateralVault>;

export interface Call {
  readonly name: Name;
  readonly args: Readonly<Record<string, unknown>>;
  readonly accounts: Readonly<Record<string, Address | undefined>>;
  readonly signers: readonly Address[];
  readonly broken: Broken;
  /** Users whose accounts change. */
  readonly touched: readonly User[];
  /** True when the model lets a proposal carry it: it is signed by the vault's authority alone. */
  readonly byAuthority?: User;
  commit(): void;
}

export const ZERO = "11111111111111111111111111111111" as Address;

export interface Opened {
  readonly user: User;
  readonly mint: Mint;
  readonly address: Address;
  readonly vaultTokens: Address;
  readonly model: BalanceModel;
}

export class CallKit {
  constructor(
    protected readonly cast: Cast,
    protected readonly random: Random,
  ) {}

  /** A vault's authority most of the time; else somebody who is not. */
  protected authority(user: User): { readonly signer: Address; readonly broken: string[] } {
    const { model } = user;
    const right = model.multiSig === undefined ? user.wallet : user.multiSig;
    if (!this.random.oneIn(14)) return { signer: right, broken: [] };
    const signer = this.random.pick([user.wallet, this.stranger(user).wallet, this.cast.rig.roles.admin.address]);
    if (signer === right) return { signer, broken: [] };
    return { signer, broken: [model.multiSig === undefined ? "NotOwner" : "MultiSigRequired"] };
  }

  protected stranger(user: User): User {
    return this.random.pick(this.cast.users.filter((other) => other !== user));
  }

  protected openUser(): User | undefined {
    const open = this.cast.users.filter(({ model }) => model.isOpen);
    return open.length === 0 ? undefined : this.random.pick(open);
  }

  protected opened(): Opened | undefined {
    const all = this.cast.users.flatMap((user) =>
      [...user.balances].flatMap(([mint, { address, vaultTokens, model }]) =>
        model === undefined ? [] : [{ user, mint, address, vaultTokens, model }],
      ),
    );
    return all.length === 0 ? undefined : this.random.pick(all);
  }

  /** The configuration of a vault that has one; now and then it is left out. */
  protected config(user: User): { readonly securityConfig: Address | undefined; readonly broken: string[] } {
    if (user.model.config === undefined) return { securityConfig: undefined, broken: [] };
    if (this.random.oneIn(20)) return { securityConfig: undefined, broken: ["SecurityConfigRequired"] };
    return { securityConfig: user.config, broken: [] };
  }

  protected decimals(mint: Mint): { readonly decimals: number; readonly broken: string[] } {
    if (!this.random.oneIn(40)) return { decimals: mint.decimals, broken: [] };
    return { decimals: mint.decimals + 1, broken: ["WrongDecimals"] };
  }

  protected get payer(): Address {
    return this.cast.rig.roles.payer.address;
  }

  /** Somebody who vetoes or cancels, mostly one who may. `isConfigPassed`: the instruction always has the configuration. `doesVetoerCount`: not where his own
   * replacement is vetoed. */
  protected vetoer(
    user: User,
    isConfigPassed = false,
    doesVetoerCount = true,
  ): {
    readonly signer: Address;
    readonly accounts: { readonly securityConfig: Address | undefined; readonly multiSigVault: Address | undefined };
    readonly broken: string[];
  } {
    const { model } = user;
    const { config, multiSig } = model;
    const counted = config && rules.effectiveConfig(config, this.cast.world.waitClock(model));
    const passesConfig = config !== undefined && (isConfigPassed || !this.random.oneIn(8));
    const passesMultiSig = multiSig !== undefined && (isConfigPassed || !this.random.oneIn(8));
    const signer = this.random.pick([
      ...[user.wallet, this.random.pick(this.cast.users).wallet],
      ...(multiSig === undefined ? [] : [this.random.pick(multiSig.owners), user.multiSig]),
      ...(counted?.vetoer === undefined ? [] : [counted.vetoer]),
    ]) as Address;
    const may =
      signer === (multiSig === undefined ? user.wallet : user.multiSig) ||
      (doesVetoerCount && passesConfig && signer === counted?.vetoer) ||
      (passesMultiSig && multiSig.owners.includes(signer));
    return {
      signer,
      accounts: {
        securityConfig: passesConfig ? user.config : undefined,
        multiSigVault: passesMultiSig ? user.multiSig : undefined,
      },
      broken: may ? [] : ["MayNotVeto"],
    };
  }

  protected tokensOf(user: User, mint: Mint): { readonly address: Address; units: bigint } {
    const found = user.tokens.get(mint);
    if (found === undefined) throw new Error("no token account of that mint");
    return found;
  }

  protected balanceOf(
    user: User,
    mint: Mint,
  ): { readonly address: Address; readonly vaultTokens: Address; model: BalanceModel | undefined } {
    const found = user.balances.get(mint);
    if (found === undefined) throw new Error("no balance of that mint");
    return found;
  }
}
