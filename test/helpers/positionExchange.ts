/**
 * A market of the position manager in process: both real programs, a house with funds, traders with vaults. Prices are in nano (10^-9 of a
 * whole token) per contract, amounts in base units of the market's first mint unless a mint is given.
 */
import type { Address, Instruction, KeyPairSigner } from "@solana/kit";

import {
  associatedTokenAddress,
  collateralAuthorityAddress,
  PositionAddresses,
  programDataAddress,
} from "../../protocol/solana/addresses.js";
import { eventsOf } from "../../protocol/solana/events.js";
import type { PositionManager } from "../../protocol/solana/idl/position_manager.js";
import { positionProgram, type PositionEvent } from "../../protocol/solana/positionProgram.js";
import type { InstructionArgs } from "../../protocol/solana/program.js";
import { vaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { MintOptions } from "./solanaVault/mints.js";
import { VaultRig, type TestMint } from "./solanaVault/rig.js";
import type { Sent } from "./solanaVault/svm.js";

export const DAY = 86_400n;
export const TOKEN_NANO = 1_000_000_000n;
/** The first price: ten tokens a contract. */
export const FIRST_PRICE = 10n * TOKEN_NANO;
const positionAddresses = new PositionAddresses();
const NO_CAP = 2n ** 64n - 1n;

export type Params = InstructionArgs<PositionManager, "setParams">["params"];

export const PARAMS: Params = {
  maxOpenInterest: 1_000_000n,
  minSize: 10n,
  priceMaxAgeSeconds: 60,
  initialMarginBps: 2_000,
  maintenanceMarginBps: 1_200,
  liquidationRewardBps: 100,
  entrySpreadBps: 0,
  priceStepBps: 1_000,
  priceStepBpsPerMinute: 1_000,
};

/** A wallet with a vault, funded in one mint, whose lock is this program's. */
export interface Member {
  readonly wallet: KeyPairSigner;
  readonly mint: TestMint;
  readonly vault: Address;
  readonly balance: Address;
  readonly programLock: Address;
  readonly tokens: Address;
  readonly position: Address;
}

/** The accounts of the group `access`. */
type Access = Readonly<Record<"collateralAuthority" | "vaultAuthority" | "authorizedProgram" | "programData", Address>>;

export interface SettleOptions {
  readonly size?: bigint;
  readonly priceLimit?: bigint;
  readonly maxUnpaid?: bigint;
}

export class PositionExchange {
  readonly roles: Readonly<Record<"admin" | "priceAuthority", KeyPairSigner>>;
  house!: Member;
  mint!: TestMint;

  private constructor(
    readonly rig: VaultRig,
    readonly market: Address,
    readonly price: Address,
    readonly access: Access,
    admin: KeyPairSigner,
    priceAuthority: KeyPairSigner,
  ) {
    this.roles = { admin, priceAuthority };
  }

  /** Registered with the vault and initialised; lists no mint yet. */
  static async bare(params: Params = PARAMS): Promise<PositionExchange> {
    const rig = await VaultRig.create({ isUnsigned: true });
    const programId = positionProgram.id;
    const programData = await programDataAddress(programId);
    const collateralAuthority = await collateralAuthorityAddress(programId);
    const authorizedProgram = await rig.register({ programId, programData, collateralAuthority });
    const vaultAuthority = await rig.addresses.vaultAuthority();
    const exchange = new PositionExchange(
      rig,
      await positionAddresses.market(),
      await positionAddresses.price(),
      { collateralAuthority, vaultAuthority, authorizedProgram, programData },
      await rig.wallet("market admin"),
      await rig.wallet("price authority"),
    );
    const house = await rig.wallet("house");
    await exchange.initializeVault(house);
    await rig.must([await exchange.initializeMarket(house, params)], {
      signers: [rig.roles.upgradeAuthority, house],
    });
    return exchange;
  }

  /** With a mint that is open, a first price, and `houseTokens` whole tokens locked by the house. */
  static async create(options: MintOptions = {}, houseTokens = 100_000n, params = PARAMS): Promise<PositionExchange> {
    const exchange = await PositionExchange.bare(params);
    const mint = await exchange.rig.mint(options);
    exchange.house = await exchange.member("house", mint, houseTokens);
    exchange.mint = mint;
    await exchange.must("addCollateral", [exchange.addCollateral()], exchange.roles.admin);
    exchange.rig.warp(DAY);
    await exchange.setPrice(FIRST_PRICE);
    if (houseTokens > 0n) await exchange.lockHouse(exchange.units(houseTokens));
    return exchange;
  }

  /** Base units of whole tokens of the market's mint. */
  units(tokens: bigint): bigint {
    return tokens * 10n ** BigInt(this.mint.decimals);
  }

  async initializeVault(wallet: KeyPairSigner): Promise<void> {
    const owner = wallet.address;
    const vault = await this.rig.addresses.vault(owner);
    if (this.rig.data(vault) !== undefined) return;
    const { vaultAuthority } = this.access;
    const accounts = { payer: this.rig.payer.address, owner, vaultAuthority, vault };
    await this.rig.must([vaultProgram.instruction("initialize", {}, accounts)], { signers: [wallet] });
  }

  /** Opens a balance of `mint`, deposits whole tokens, and gives this program a lock without a cap. */
  async member(name: string, mint: TestMint, tokens: bigint): Promise<Member> {
    const { rig } = this;
    const wallet = await rig.wallet(name);
    await this.initializeVault(wallet);
    const owner = wallet.address;
    const vault = await rig.addresses.vault(owner);
    const balance = await rig.addresses.balance(vault, mint.address);
    const vaultTokens = await associatedTokenAddress(vault, mint.address, mint.tokenProgram);
    const programLock = await rig.addresses.programLock(balance, positionProgram.id);
    const amount = tokens * 10n ** BigInt(mint.decimals);
    const ownerTokens = await rig.tokens(owner, mint, amount);
    const { vaultAuthority, authorizedProgram } = this.access;
    const payer = rig.payer.address;
    const ofMint = { mint: mint.address, vaultTokens, tokenProgram: mint.tokenProgram };
    const common = { payer, authority: owner, vaultAuthority, vault, balance };
    const instructions: Instruction[] = [
      vaultProgram.instruction("openBalance", {}, { ...common, ...ofMint }),
      vaultProgram.instruction("createProgramLock", { cap: NO_CAP }, { ...common, authorizedProgram, programLock }),
    ];
    if (amount > 0n) {
      const args = { amount, decimals: mint.decimals };
      const accounts = { owner, vaultAuthority, vault, balance, ownerTokens, ...ofMint };
      instructions.push(vaultProgram.instruction("deposit", { args }, accounts));
    }
    await rig.must(instructions, { signers: [wallet] });
    const position = await positionAddresses.position(balance);
    return { wallet, mint, vault, balance, programLock, tokens: vaultTokens, position };
  }

  trader(name: string, tokens = 5_000n): Promise<Member> {
    return this.member(name, this.mint, tokens);
  }

  // instructions

  async initializeMarket(house: KeyPairSigner, params: Params = PARAMS): Promise<Instruction> {
    const { payer, roles } = this.rig;
    const { admin, priceAuthority } = this.roles;
    return positionProgram.instruction(
      "initializeMarket",
      { args: { admin: admin.address, priceAuthority: priceAuthority.address, params } },
      {
        payer: payer.address,
        upgradeAuthority: roles.upgradeAuthority.address,
        programData: await programDataAddress(positionProgram.id),
        houseOwner: house.address,
        houseVault: await this.rig.addresses.vault(house.address),
        market: this.market,
        price: this.price,
      },
    );
  }

  addCollateral(house = this.house): Instruction {
    return positionProgram.instruction(
      "addCollateral",
      {},
      {
        admin: this.roles.admin.address,
        market: this.market,
        houseBalance: house.balance,
        houseLock: house.programLock,
        mint: house.mint.address,
      },
    );
  }

  setPriceAt(price: bigint, publishedAt: bigint, by = this.roles.priceAuthority): Instruction {
    const accounts = { priceAuthority: by.address, market: this.market, price: this.price };
    return positionProgram.instruction("setPrice", { args: { price, publishedAt } }, accounts);
  }

  open(trader: Member, isLong: boolean, size: bigint, margin: bigint, priceLimit = isLong ? NO_CAP : 0n): Instruction {
    return positionProgram.instruction(
      "openPosition",
      { args: { isLong, size, margin, priceLimit } },
      { owner: trader.wallet.address, ...this.ofMarket(), trader: fundsOf(trader), position: trader.position },
    );
  }

  increase(trader: Member, size: bigint, margin: bigint, priceLimit: bigint): Instruction {
    return positionProgram.instruction(
      "increasePosition",
      { args: { size, margin, priceLimit } },
      { owner: trader.wallet.address, ...this.ofMarket(), trader: fundsOf(trader), position: trader.position },
    );
  }

  addMargin(trader: Member, amount: bigint): Instruction {
    const { access, market } = this.ofMarket();
    const { position } = trader;
    const accounts = { owner: trader.wallet.address, access, market, position, trader: fundsOf(trader) };
    return positionProgram.instruction("addMargin", { amount }, accounts);
  }

  removeMargin(trader: Member, amount: bigint): Instruction {
    const { position } = trader;
    const accounts = { owner: trader.wallet.address, ...this.ofMarket(), position, trader: fundsOf(trader) };
    return positionProgram.instruction("removeMargin", { amount }, accounts);
  }

  settle(trader: Member, { size, priceLimit, maxUnpaid = 0n }: SettleOptions = {}): Instruction {
    const { size: held, isLong } = this.positionOf(trader);
    const args = { size: size ?? held, priceLimit: priceLimit ?? (isLong === 1 ? 0n : NO_CAP), maxUnpaid };
    const accounts = { owner: trader.wallet.address, settling: this.settling(trader) };
    return positionProgram.instruction("settlePosition", { args }, accounts);
  }

  liquidate(trader: Member, liquidator: Member): Instruction {
    return positionProgram.instruction(
      "liquidate",
      {},
      {
        liquidator: liquidator.wallet.address,
        owner: trader.wallet.address,
        settling: this.settling(trader),
        liquidatorVault: liquidator.vault,
        liquidatorBalance: liquidator.balance,
        liquidatorTokens: liquidator.tokens,
      },
    );
  }

  ofHouse(name: "lockHouse" | "requestHouseUnlock" | "unlockHouse", amount: bigint, house = this.house): Instruction {
    const { access, market } = this.ofMarket();
    const accounts = { houseOwner: house.wallet.address, access, market, house: fundsOf(house) };
    return positionProgram.instruction(name, { amount }, accounts);
  }

  setParams(params: Params): Instruction {
    return positionProgram.instruction("setParams", { params }, this.ofAdmin());
  }

  setPaused(isPaused: boolean): Instruction {
    return positionProgram.instruction("setPaused", { isPaused }, this.ofAdmin());
  }

  setCollateralOpen(mint: Address, isOpen: boolean): Instruction {
    return positionProgram.instruction("setCollateralOpen", { args: { mint, isOpen } }, this.ofAdmin());
  }

  async proposeRole(role: "admin" | "priceAuthority", holder: Address, by = this.roles.admin): Promise<Instruction> {
    const houseVault = await this.rig.addresses.vault((await this.rig.wallet("house")).address);
    const accounts = { admin: by.address, market: this.market, price: this.price, houseVault };
    return positionProgram.instruction("proposeRole", { args: { role, holder } }, accounts);
  }

  acceptRole(role: "admin" | "priceAuthority", holder: Address): Instruction {
    const accounts = { holder, market: this.market, price: this.price };
    return positionProgram.instruction("acceptRole", { role }, accounts);
  }

  // what owners do at the vault

  revokeLock({ wallet, vault, balance, programLock }: Member): Instruction {
    return vaultProgram.instruction(
      "revokeProgramLock",
      {},
      { authority: wallet.address, vault, balance, programLock },
    );
  }

  releaseLock({ wallet, vault, balance, programLock }: Member): Instruction {
    const { authorizedProgram } = this.access;
    const accounts = { authority: wallet.address, vault, balance, authorizedProgram, programLock };
    return vaultProgram.instruction("releaseProgramLock", {}, accounts);
  }

  closeLock({ wallet, vault, balance, programLock }: Member): Instruction {
    const accounts = { authority: wallet.address, owner: wallet.address, vault, balance, programLock };
    return vaultProgram.instruction("closeProgramLock", {}, accounts);
  }

  /** Withdraws everything of a balance without locks, and closes it. */
  async leave({ wallet, mint, vault, balance, tokens: vaultTokens }: Member): Promise<void> {
    const authority = wallet.address;
    const ownerTokens = await this.rig.tokens(authority, mint);
    const { vaultAuthority } = this.access;
    const ofMint = { mint: mint.address, vaultTokens, tokenProgram: mint.tokenProgram };
    const common = { authority, vaultAuthority, vault, balance, ...ofMint };
    const amount = this.rig.held(vaultTokens);
    const args = { amount, minimumReceived: amount, decimals: mint.decimals };
    const instructions = [
      vaultProgram.instruction("withdraw", { args }, { ...common, destinationTokens: ownerTokens }),
      vaultProgram.instruction("closeBalance", {}, { ...common, owner: authority, ownerTokens }),
    ];
    await this.rig.must(amount > 0n ? instructions : instructions.slice(1), { signers: [wallet] });
  }

  // doing

  send(instruction: Instruction | Promise<Instruction>, by: KeyPairSigner): Promise<Sent> {
    return Promise.resolve(instruction).then((made) => this.rig.send([made], { signers: [by] }));
  }

  must(what: string, instructions: readonly Instruction[], by: KeyPairSigner): Promise<Sent> {
    return this.rig.must(instructions, { signers: [by] }).catch((cause: unknown) => {
      throw new Error(`${what} must succeed`, { cause });
    });
  }

  /** Publishes a price as of now, one second after the last. */
  async setPrice(price: bigint): Promise<void> {
    this.rig.warp(1n);
    await this.must("setPrice", [this.setPriceAt(price, this.rig.now)], this.roles.priceAuthority);
  }

  /** Brings the price to `target` in the largest steps that are allowed. */
  async walkPrice(target: bigint, stepBps = 1_000n): Promise<void> {
    for (let at = this.priceNow(); at !== target; at = this.priceNow()) {
      const most = (at * stepBps) / 10_000n;
      const next = target > at ? min(at + most, target) : max(at - most, target);
      this.rig.warp(60n);
      await this.must("setPrice", [this.setPriceAt(next, this.rig.now)], this.roles.priceAuthority);
    }
  }

  /** The same price again, when time has passed. */
  refreshPrice(): Promise<void> {
    return this.setPrice(this.priceNow());
  }

  async lockHouse(amount: bigint): Promise<void> {
    await this.must("lockHouse", [this.ofHouse("lockHouse", amount)], this.house.wallet);
  }

  async openFor(trader: Member, isLong: boolean, size: bigint, margin: bigint): Promise<void> {
    await this.must("openPosition", [this.open(trader, isLong, size, margin)], trader.wallet);
  }

  // reading

  marketNow() {
    return positionProgram.decodeAccount("market", this.bytes(this.market));
  }

  priceAccount() {
    return positionProgram.decodeAccount("price", this.bytes(this.price));
  }

  priceNow(): bigint {
    return this.priceAccount().price;
  }

  /** The market's entry of a mint. */
  collateralNow(mint: TestMint = this.mint) {
    const found = this.marketNow().collaterals.find((collateral) => collateral.mint === mint.address);
    if (found === undefined) throw new Error("the market does not list the mint");
    return found;
  }

  hasPosition({ position }: Member): boolean {
    return (this.rig.data(position)?.length ?? 0) > 0;
  }

  positionOf({ position }: Member) {
    return positionProgram.decodeAccount("position", this.bytes(position));
  }

  ledger({ balance }: Member): { readonly total: bigint; readonly locked: bigint } {
    const { total, locked } = vaultProgram.decodeAccount("balance", this.bytes(balance));
    return { total, locked };
  }

  lockOf({ programLock }: Member): bigint {
    return vaultProgram.decodeAccount("programLock", this.bytes(programLock)).locked;
  }

  events(sent: Sent): readonly PositionEvent[] {
    return eventsOf(positionProgram, sent.logs).events;
  }

  private bytes(address: Address): Uint8Array {
    return this.rig.data(address) ?? new Uint8Array();
  }

  private ofMarket() {
    return { access: this.access, market: this.market, price: this.price };
  }

  private ofAdmin() {
    return { admin: this.roles.admin.address, market: this.market };
  }

  private settling(trader: Member) {
    return {
      ...this.ofMarket(),
      position: trader.position,
      trader: fundsOf(trader),
      house: fundsOf(this.house),
      traderTokens: trader.tokens,
      houseTokens: this.house.tokens,
      mint: trader.mint.address,
      tokenProgram: trader.mint.tokenProgram,
    };
  }
}

function fundsOf({ vault, balance, programLock }: Member) {
  return { vault, balance, programLock };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
