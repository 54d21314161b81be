/**
 * A seeded perpetual-futures exchange on the local Solana cluster: users deposit into collateral vaults, positions open, settle and are
 * liquidated, and one careful user takes his money out with a delay. What anybody may do, liquidate and pay what has matured, the
 * keepers' crank does; where there is none, the exchange does it itself. Prices are nano (10^-9 of a whole token) per contract.
 */
import type { Address, KeyPairSigner } from "@solana/kit";

import {
  associatedTokenAddress,
  collateralAuthorityAddress,
  PositionAddresses,
  programDataAddress,
  VaultAddresses,
} from "../../../protocol/solana/addresses.js";
import { TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { codeUnits, VaultInstructions } from "../../../protocol/solana/instructions.js";
import { MarketInstructions } from "../../../protocol/solana/marketInstructions.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { codeHashOf, PROGRAM_DATA_LAYOUT } from "../../../protocol/solana/programData.js";
import { createTokensInstruction, readTokenAccount } from "../../../protocol/solana/tokens.js";
import { unitLimit } from "../../../protocol/solana/computeBudget.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import type { Rng } from "../../market/rng.js";
import type { SolanaChain } from "./chain.js";
import { createMint, mintTo } from "./mint.js";

const DAY = 86_400n;
const DECIMALS = 6;
const TOKEN_UNITS = 1_000_000n;
const NANO = 1_000_000_000n;
const BPS = 10_000n;
const NO_CAP = 2n ** 64n - 1n;

/** Ten tokens a contract at the beginning. */
const FIRST_PRICE = 10n * NANO;
const LOWEST_PRICE = FIRST_PRICE / 4n;
const HIGHEST_PRICE = FIRST_PRICE * 4n;
const HOUSE_TOKENS = 200_000n;
const TRADER_TOKENS = 5_000n;
const TRADERS = 6;
/** What its key has for fees, and its vault to begin with. */
const CRANK_LAMPORTS = 500_000_000n;
const CRANK_TOKENS = 1n;

const PARAMS = {
  maxOpenInterest: 1_000_000n,
  minSize: 10n,
  priceMaxAgeSeconds: 3_600,
  initialMarginBps: 2_000,
  maintenanceMarginBps: 1_200,
  liquidationRewardBps: 100,
  entrySpreadBps: 5,
  priceStepBps: 1_000,
  priceStepBpsPerMinute: 1_000,
};

/** A wallet with a vault, funded, whose lock is the position manager's. */
interface Member {
  readonly name: string;
  readonly wallet: KeyPairSigner;
  readonly vault: Address;
  readonly balance: Address;
  readonly programLock: Address;
  readonly tokens: Address;
  readonly position: Address;
}

export interface ExchangeFigures {
  readonly rpc: string;
  readonly users: number;
  readonly deposits: number;
  readonly positionsOpened: number;
  readonly positionsSettled: number;
  readonly positionsLiquidated: number;
  readonly withdrawalsRequested: number;
  readonly withdrawalsExecuted: number;
  /** Passes over every balance: program locks = locked <= total <= tokens held. */
  readonly checks: number;
  readonly violations: number;
  /** Base units of the collateral, over all vaults. */
  readonly totalUnits: string;
  readonly tokensHeldUnits: string;
}

/** What happened; trades are many. */
export type Tell = (kind: "trade" | "liquidated" | "withdrawal" | "broken", text: string) => void;

export class Exchange {
  private readonly instructions = new VaultInstructions();
  private readonly market = new MarketInstructions();
  private readonly members: Member[] = [];
  private readonly counts = {
    deposits: 0,
    opened: 0,
    settled: 0,
    liquidated: 0,
    requested: 0,
    executed: 0,
    checks: 0,
    violations: 0,
  };
  private pending: { readonly timestamp: bigint; readonly maturesAt: bigint } | undefined;
  /** Contracts of positions that were open when we last looked, by trader. */
  private readonly open = new Map<string, string>();
  private lastTimestamp = 0n;
  private price = FIRST_PRICE;
  private drift = 0;

  private constructor(
    private readonly chain: SolanaChain,
    private readonly rng: Rng,
    private readonly tell: Tell,
    private readonly mint: Address,
    private readonly roles: Readonly<Record<"admin" | "guardian" | "priceAuthority" | "mintAuthority", KeyPairSigner>>,
    private readonly accounts: Readonly<
      Record<
        "vaultAuthority" | "collateralAuthority" | "authorizedProgram" | "programData" | "market" | "priceAccount",
        Address
      >
    >,
    private readonly delaySeconds: bigint,
    private readonly crank: KeyPairSigner | undefined,
  ) {}

  /**
   * Deploys, lists, deposits and opens the market. @param delaySeconds of the careful user's withdrawals, by the cluster's clock.
   * @param crank whose keeper liquidates and pays out; undefined: the exchange itself does.
   */
  static async open(
    chain: SolanaChain,
    rng: Rng,
    delaySeconds: bigint,
    tell: Tell,
    crank?: KeyPairSigner,
  ): Promise<Exchange> {
    const addresses = new VaultAddresses();
    const positions = new PositionAddresses();
    const roles = {
      admin: await chain.wallet("admin"),
      guardian: await chain.wallet("guardian"),
      priceAuthority: await chain.wallet("price authority"),
      mintAuthority: await chain.wallet("mint authority"),
    };
    const accounts = {
      vaultAuthority: await addresses.vaultAuthority(),
      collateralAuthority: await collateralAuthorityAddress(positionProgram.id),
      authorizedProgram: await addresses.authorizedProgram(positionProgram.id),
      programData: await programDataAddress(positionProgram.id),
      market: await positions.market(),
      priceAccount: await positions.price(),
    };
    const mint = await createMint(chain, roles.mintAuthority, DECIMALS);
    const exchange = new Exchange(chain, rng, tell, mint, roles, accounts, delaySeconds, crank);
    await exchange.prepare();
    return exchange;
  }

  private async prepare(): Promise<void> {
    const { chain, roles, accounts } = this;
    const { admin, guardian, priceAuthority } = roles;
    const authority = vaultProgram.instruction(
      "initializeAuthority",
      { args: { admin: admin.address, guardian: guardian.address } },
      {
        ...{
          payer: chain.payer.address,
          upgradeAuthority: chain.payer.address,
          vaultAuthority: accounts.vaultAuthority,
        },
        programData: await programDataAddress(vaultProgram.id),
      },
    );
    await chain.must("initialize the vault program", [authority], []);
    const code = (chain.data(accounts.programData) ?? new Uint8Array()).subarray(PROGRAM_DATA_LAYOUT.elfAt);
    const register = vaultProgram.instruction(
      "registerProgram",
      { codeHash: [...codeHashOf(code)] },
      {
        ...{ payer: chain.payer.address, admin: admin.address, vaultAuthority: accounts.vaultAuthority },
        ...{
          program: positionProgram.id,
          programData: accounts.programData,
          authorizedProgram: accounts.authorizedProgram,
        },
      },
    );
    await chain.must("list the position manager", [unitLimit(codeUnits(code.length)), register], [admin]);

    const house = await this.join("house", HOUSE_TOKENS);
    const market = await this.market.initialize(
      { admin: admin.address, priceAuthority: priceAuthority.address, params: PARAMS },
      { upgradeAuthority: chain.payer.address, houseOwner: house.wallet.address },
    );
    await chain.must("open the market", [market], [house.wallet]);
    const list = await this.market.addCollateral(admin.address, house.vault, this.mint);
    await chain.must("list the collateral", [list], [admin]);
    for (let index = 1; index <= TRADERS; index++) await this.join(`trader ${String(index)}`, TRADER_TOKENS);
    await this.protect(await this.join("saver", TRADER_TOKENS));
    if (this.crank !== undefined) {
      await chain.fund(this.crank.address, CRANK_LAMPORTS);
      await this.join("crank", CRANK_TOKENS, this.crank);
    }

    // listings count a day later
    chain.sleep(DAY + 60n);
    await this.publish(FIRST_PRICE);
    const { mint: ofMint } = this.at(house.wallet.address);
    const lockHouse = await this.market.lockHouse(
      { owner: house.wallet.address, mint: ofMint },
      (HOUSE_TOKENS * TOKEN_UNITS * 9n) / 10n,
    );
    await chain.must("lock the house's funds", [lockHouse], [house.wallet]);
  }

  /** A vault with a balance, tokens in it, and a lock for the position manager. */
  private async join(name: string, tokens: bigint, key?: KeyPairSigner): Promise<Member> {
    const { chain, mint, instructions, roles } = this;
    const wallet = key ?? (await chain.wallet(name));
    const owner = wallet.address;
    const { addresses } = instructions;
    const vault = await addresses.vault(owner);
    const balance = await addresses.balance(vault, mint);
    const member: Member = {
      ...{ name, wallet, vault, balance },
      programLock: await addresses.programLock(balance, positionProgram.id),
      tokens: await associatedTokenAddress(vault, mint, TOKEN_PROGRAM as Address),
      position: await new PositionAddresses().position(balance),
    };
    const at = this.at(owner);
    const units = tokens * TOKEN_UNITS;
    const ownerTokens = await associatedTokenAddress(owner, mint, TOKEN_PROGRAM as Address);
    await chain.must(
      `fund ${name}`,
      [
        await createTokensInstruction(chain.payer.address, owner, mint, TOKEN_PROGRAM as Address),
        mintTo(mint, ownerTokens, roles.mintAuthority.address, units),
      ],
      [roles.mintAuthority],
    );
    await chain.must(
      `open ${name}'s vault`,
      [
        await instructions.initialize(owner, chain.payer.address),
        await instructions.openBalance(at, chain.payer.address),
        await instructions.deposit(at, units),
      ],
      [wallet],
    );
    await chain.must(
      `give ${name}'s lock`,
      [await instructions.createProgramLock({ ...at, consumer: positionProgram.id }, NO_CAP, chain.payer.address)],
      [wallet],
    );
    this.counts.deposits += 1;
    this.members.push(member);
    return member;
  }

  /** Limits first: with a security configuration a mint without limits is closed. */
  private async protect({ wallet, name }: Member): Promise<void> {
    const half = (TRADER_TOKENS * TOKEN_UNITS) / 4n;
    const limits = { perTransaction: half, capacity: half, refillPerDay: half };
    const at = this.at(wallet.address);
    const rules = { withdrawalDelaySeconds: this.delaySeconds, whitelist: null };
    await this.chain.must(
      `protect ${name}`,
      [
        await this.instructions.setLimits(at, limits),
        await this.instructions.createSecurityConfig(at.vault, rules, this.chain.payer.address),
      ],
      [wallet],
    );
  }

  /** Some seconds of the exchange's life. */
  async step(): Promise<void> {
    await this.look();
    await this.movePrice();
    for (const member of this.members.filter(({ name }) => name.startsWith("trader"))) await this.trade(member);
    if (this.crank === undefined) await this.liquidateAll();
    await this.withdrawWithDelay();
    this.check();
  }

  /** Sees what others have done since the last step. */
  async look(): Promise<void> {
    for (const [name, contracts] of this.open) {
      if (this.positionOf(this.member(name)) !== undefined) continue;
      this.open.delete(name);
      this.counts.liquidated += 1;
      this.tell("liquidated", `${name}: ${contracts} at about ${shown(this.price)}`);
    }
    if (this.pending === undefined) return;
    const { vault } = this.member("saver");
    const request = await this.instructions.addresses.pendingWithdrawal(vault, this.pending.timestamp);
    if ((this.chain.data(request)?.length ?? 0) > 0) return;
    this.pending = undefined;
    this.counts.executed += 1;
    this.tell("withdrawal", "saver's withdrawal has matured and is paid out");
  }

  private async publish(price: bigint): Promise<void> {
    const { priceAuthority } = this.roles;
    const accounts = {
      priceAuthority: priceAuthority.address,
      market: this.accounts.market,
      price: this.accounts.priceAccount,
    };
    const instruction = positionProgram.instruction(
      "setPrice",
      { args: { price, publishedAt: this.chain.now } },
      accounts,
    );
    const refusal = await this.chain.send([instruction], [priceAuthority]);
    if (refusal === undefined) this.price = price;
  }

  /** A walk with moods: calm most of the time, sometimes a run that liquidates. */
  private async movePrice(): Promise<void> {
    if (this.rng.uniform() < 0.1) this.drift = (this.rng.uniform() - 0.5) * 600;
    const bps = BigInt(Math.round(this.drift + (this.rng.uniform() - 0.5) * 200));
    const next = this.price + (this.price * bps) / BPS;
    if (next < LOWEST_PRICE || next > HIGHEST_PRICE) this.drift = -this.drift;
    else await this.publish(next);
  }

  private async trade(member: Member): Promise<void> {
    const held = this.positionOf(member);
    if (held === undefined) {
      if (this.rng.uniform() < 0.35) await this.enter(member);
    } else if (this.rng.uniform() < (this.gainOf(held) > 0n ? 0.2 : 0.02)) await this.leave(member, held.isLong);
  }

  private async enter(member: Member): Promise<void> {
    const isLong = this.rng.uniform() < 0.5;
    const margin = BigInt(100 + Math.floor(this.rng.uniform() * 900)) * TOKEN_UNITS;
    // up to what the initial margin allows, less the spread
    const most = (margin * 1_000n * BPS) / (BigInt(PARAMS.initialMarginBps) * this.price);
    const size = (most * BigInt(40 + Math.floor(this.rng.uniform() * 58))) / 100n;
    const instruction = positionProgram.instruction(
      "openPosition",
      { args: { isLong, size, margin, priceLimit: isLong ? NO_CAP : 0n } },
      { owner: member.wallet.address, ...this.ofMarket(), trader: fundsOf(member), position: member.position },
    );
    if ((await this.chain.send([instruction], [member.wallet])) !== undefined) return;
    this.counts.opened += 1;
    this.open.set(member.name, `${String(size)} contracts ${isLong ? "long" : "short"}`);
    this.tell(
      "trade",
      `${member.name} goes ${isLong ? "long" : "short"} ${String(size)} contracts at ${shown(this.price)}`,
    );
  }

  private async leave(member: Member, isLong: boolean): Promise<void> {
    const { size } = this.positionOf(member) ?? { size: 0n };
    const args = { size, priceLimit: isLong ? 0n : NO_CAP, maxUnpaid: 0n };
    const accounts = { owner: member.wallet.address, settling: this.settling(member) };
    const instruction = positionProgram.instruction("settlePosition", { args }, accounts);
    if ((await this.chain.send([instruction], [member.wallet])) !== undefined) return;
    this.counts.settled += 1;
    this.open.delete(member.name);
    this.tell("trade", `${member.name} settles ${String(size)} contracts at ${shown(this.price)}`);
  }

  /** Anybody may liquidate; here the saver earns the rewards. */
  private async liquidateAll(): Promise<void> {
    const liquidator = this.member("saver");
    for (const trader of this.members) {
      const position = this.positionOf(trader);
      if (position === undefined || !this.isWorthTrying(position)) continue;
      const instruction = positionProgram.instruction(
        "liquidate",
        {},
        {
          ...{ liquidator: liquidator.wallet.address, owner: trader.wallet.address, settling: this.settling(trader) },
          ...{
            liquidatorVault: liquidator.vault,
            liquidatorBalance: liquidator.balance,
            liquidatorTokens: liquidator.tokens,
          },
        },
      );
      await this.chain.send([instruction], [liquidator.wallet]);
    }
    await this.look();
  }

  /** Margin and loss against what maintenance asks for, in nano; the program decides. */
  private isWorthTrying(position: {
    readonly isLong: boolean;
    readonly size: bigint;
    readonly entryValue: bigint;
    readonly marginUnits: bigint;
  }): boolean {
    const value = position.size * this.price;
    return (position.marginUnits * 1_000n + this.gainOf(position)) * BPS < value * BigInt(PARAMS.maintenanceMarginBps);
  }

  /** Nano. */
  private gainOf({
    isLong,
    size,
    entryValue,
  }: {
    readonly isLong: boolean;
    readonly size: bigint;
    readonly entryValue: bigint;
  }): bigint {
    const value = size * this.price;
    return isLong ? value - entryValue : entryValue - value;
  }

  /** The saver asks for a little, waits, and anybody pays it out. */
  private async withdrawWithDelay(): Promise<void> {
    const saver = this.member("saver");
    const at = this.at(saver.wallet.address);
    if (this.pending === undefined) {
      const timestamp = this.chain.now > this.lastTimestamp ? this.chain.now : this.lastTimestamp + 1n;
      const request = await this.instructions.requestWithdrawal(
        at,
        { amountUnits: TOKEN_UNITS, timestamp },
        this.chain.payer.address,
      );
      if ((await this.chain.send([request], [saver.wallet])) !== undefined) return;
      this.pending = { timestamp, maturesAt: this.chain.now + this.delaySeconds };
      this.lastTimestamp = timestamp;
      this.counts.requested += 1;
      this.tell(
        "withdrawal",
        `saver asks for 1 token; it matures in ${String(this.delaySeconds)} s of the cluster's clock`,
      );
      return;
    }
    if (this.crank !== undefined || this.chain.now < this.pending.maturesAt) return;
    const request = {
      timestamp: this.pending.timestamp,
      destination: saver.wallet.address,
      payer: this.chain.payer.address,
    };
    await this.chain.send([await this.instructions.executeWithdrawal(at, request)], []);
    await this.look();
  }

  /** What must always hold, read from the accounts. */
  private check(): void {
    this.counts.checks += 1;
    for (const member of this.members) {
      const { total, locked, held, inLock } = this.moneyOf(member);
      if (inLock === locked && locked <= total && total <= held) continue;
      this.counts.violations += 1;
      this.tell(
        "broken",
        `${member.name}: lock ${String(inLock)}, locked ${String(locked)}, total ${String(total)}, held ${String(held)}`,
      );
    }
  }

  figures(): ExchangeFigures {
    const money = this.members.map((member) => this.moneyOf(member));
    const sum = (pick: (one: { total: bigint; held: bigint }) => bigint): string =>
      String(money.reduce((all, one) => all + pick(one), 0n));
    const { counts } = this;
    return {
      rpc: this.chain.url,
      users: this.members.length,
      deposits: counts.deposits,
      positionsOpened: counts.opened,
      positionsSettled: counts.settled,
      positionsLiquidated: counts.liquidated,
      withdrawalsRequested: counts.requested,
      withdrawalsExecuted: counts.executed,
      checks: counts.checks,
      violations: counts.violations,
      totalUnits: sum(({ total }) => total),
      tokensHeldUnits: sum(({ held }) => held),
    };
  }

  private moneyOf(member: Member): { total: bigint; locked: bigint; held: bigint; inLock: bigint } {
    const { total, locked } = vaultProgram.decodeAccount("balance", this.read(member.balance));
    const { locked: inLock } = vaultProgram.decodeAccount("programLock", this.read(member.programLock));
    const { amountUnits: held } = readTokenAccount(TOKEN_PROGRAM, this.read(member.tokens));
    return { total, locked, held, inLock };
  }

  private positionOf({
    position,
  }: Member): { isLong: boolean; size: bigint; entryValue: bigint; marginUnits: bigint } | undefined {
    const data = this.chain.data(position);
    if (data === undefined || data.length === 0) return undefined;
    const { isLong, size, entryValue, margin } = positionProgram.decodeAccount("position", data);
    return { isLong: isLong === 1, size, entryValue, marginUnits: margin };
  }

  private read(address: Address): Uint8Array {
    const data = this.chain.data(address);
    if (data === undefined) throw new Error(`the account ${address} is gone`);
    return data;
  }

  private member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  private at(owner: Address) {
    return {
      vault: { owner },
      mint: { address: this.mint, tokenProgram: TOKEN_PROGRAM as Address, decimals: DECIMALS },
    };
  }

  private access() {
    const { collateralAuthority, vaultAuthority, authorizedProgram, programData } = this.accounts;
    return { collateralAuthority, vaultAuthority, authorizedProgram, programData };
  }

  private ofMarket() {
    return { access: this.access(), market: this.accounts.market, price: this.accounts.priceAccount };
  }

  private settling(trader: Member) {
    const house = this.member("house");
    return {
      ...this.ofMarket(),
      ...{ position: trader.position, trader: fundsOf(trader), house: fundsOf(house) },
      ...{
        traderTokens: trader.tokens,
        houseTokens: house.tokens,
        mint: this.mint,
        tokenProgram: TOKEN_PROGRAM as Address,
      },
    };
  }
}

function fundsOf({ vault, balance, programLock }: Member) {
  return { vault, balance, programLock };
}

/** Tokens per contract. */
function shown(price: bigint): string {
  return (Number(price) / Number(NANO)).toFixed(3);
}
