/** Drives a local tBTC v1: opens deposits, moves the price, plays the signers, the Bitcoin chain and whoever else a test needs. */
import { concat, getBytes, id, SigningKey, solidityPackedKeccak256 } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { EthBtcMedianizer__factory } from "../../protocol/generated/contracts/index.js";
import {
  COURTESY_PERIOD_SECONDS,
  PROOF_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../protocol/tbtc/constants.js";
import { connectTbtc, depositTokenId, tbtcAbi, type TbtcContracts } from "../../protocol/tbtc/contracts.js";
import { type DepositState, depositState } from "../../protocol/tbtc/states.js";
import { prefixedOutputScript, satToBytes8, satToTbtcWei } from "../../protocol/tbtc/units.js";
import { type BitcoinTransaction, keyScript, payment, proveTransaction, type SpvProof } from "./bitcoin.js";
import type { LocalChain, LocalReceipt } from "../local/chain.js";
import type { TbtcSystem } from "./deploy.js";

/** Who holds the TDT of a new deposit. */
export type Holder = "vending-machine" | "user";

export interface OpenOptions {
  readonly lotSat: bigint;
  /** Default: the vending machine; the funder then has the TBTC and the FRT. */
  readonly holder?: Holder;
  /** Default: the deployer. */
  readonly funder?: string;
  /** Value of the funding output; default: the lot. */
  readonly utxoSat?: bigint;
}

export interface Deposit {
  readonly address: string;
  readonly keep: string;
  readonly members: readonly string[];
  readonly funder: string;
  readonly lotSat: bigint;
  readonly utxoSat: bigint;
}

/** A transaction without value. */
export interface ScenarioCall {
  readonly from: string;
  readonly to: string;
  readonly data: string;
}

/** The newest event of a deposit's redemption: the request, or a fee bump, which is logged in the same way. */
export interface Redemption {
  /** Who sent it: after a bump whoever raised the fee, who need not be the redeemer. */
  readonly requester: string;
  readonly digest: string;
  readonly utxoSat: bigint;
  readonly feeSat: bigint;
  /** With its length in front. */
  readonly script: string;
  /** Txid as hashed and index, little-endian. */
  readonly outpoint: string;
}

export type Route = "vending-machine" | "direct";

export interface RedeemOptions {
  readonly from: string;
  readonly feeSat?: bigint;
  readonly route?: Route;
  /** Without its length; default: a P2WPKH of a key of its own. */
  readonly script?: Uint8Array;
  /** Default: what the route costs now. */
  readonly approveWei?: bigint;
}

/** What a proof shows instead of the payment that was asked for. */
export interface ProofChanges {
  readonly feeSat?: bigint;
  readonly script?: Uint8Array;
  /** Txid as hashed and index, little-endian. */
  readonly outpoint?: string;
  /** Of the true ones. */
  readonly headersOf?: (headers: string) => string;
}

const DEFAULT_FEE_SAT = 20_000n;
const REDEEMER_KEY = new SigningKey(id("redeemer"));
const FUNDING_INDEX = 0;
const medianizerAbi = EthBtcMedianizer__factory.createInterface();

export class TbtcScenario {
  readonly contracts: TbtcContracts;

  constructor(
    readonly chain: LocalChain,
    readonly world: TbtcSystem,
  ) {
    this.contracts = connectTbtc(world.addresses, chain.provider);
  }

  /** The key that all members of a keep publish: one key per keep, the same every time. */
  signerKey(keep: string): SigningKey {
    return new SigningKey(solidityPackedKeccak256(["string", "address"], ["keep", keep]));
  }

  async state(deposit: string): Promise<DepositState> {
    return depositState(await this.contracts.deposit(deposit).currentState());
  }

  /** Opens a deposit: AWAITING_SIGNER_SETUP. */
  async create(options: OpenOptions): Promise<Deposit> {
    const funder = options.funder ?? this.world.options.deployer;
    const { depositFactory, system } = this.contracts;
    const receipt = await this.send(
      funder,
      await depositFactory.getAddress(),
      tbtcAbi.depositFactory.encodeFunctionData("createDeposit", [options.lotSat]),
      await system.getNewDepositFeeEstimate(),
    );
    const { deposit, keep } = parsed(receipt, "Created");
    const address = String(deposit);
    const keepAddress = String(keep);
    return {
      address,
      keep: keepAddress,
      members: [...(await this.contracts.keep(keepAddress).getMembers())],
      funder,
      lotSat: options.lotSat,
      utxoSat: options.utxoSat ?? options.lotSat,
    };
  }

  /** All members publish the key, and the deposit takes it over, in this order. */
  keyCalls(deposit: Deposit): readonly ScenarioCall[] {
    const publicKey = `0x${this.signerKey(deposit.keep).publicKey.slice(4)}`;
    const data = tbtcAbi.keep.encodeFunctionData("submitPublicKey", [publicKey]);
    const retrieve = tbtcAbi.deposit.encodeFunctionData("retrieveSignerPubkey");
    return [
      ...deposit.members.map((member) => ({ from: member, to: deposit.keep, data })),
      { from: deposit.funder, to: deposit.address, data: retrieve },
    ];
  }

  /** All members publish the key: AWAITING_BTC_FUNDING_PROOF. */
  async publishKey(deposit: Deposit): Promise<void> {
    for (const { from, to, data } of this.keyCalls(deposit)) await this.send(from, to, data);
  }

  /** The payment to the keep and the proof of it: the two differ with every deposit. */
  funding(deposit: Deposit): { readonly transaction: BitcoinTransaction; readonly proof: SpvProof } {
    const outpoint = concat([solidityPackedKeccak256(["string", "address"], ["coin", deposit.address]), "0x00000000"]);
    const transaction = payment(outpoint, keyScript(this.signerKey(deposit.keep)), deposit.utxoSat);
    return { transaction, proof: proveTransaction(transaction) };
  }

  /** Proves the funding. */
  fundCall(deposit: Deposit): ScenarioCall {
    const { transaction, proof } = this.funding(deposit);
    const data = tbtcAbi.deposit.encodeFunctionData("provideBTCFundingProof", [
      transaction.version,
      transaction.inputVector,
      transaction.outputVector,
      transaction.locktime,
      FUNDING_INDEX,
      proof.merkleProof,
      proof.txIndexInBlock,
      proof.headers,
    ]);
    return { from: deposit.funder, to: deposit.address, data };
  }

  /** Proves the funding: ACTIVE. */
  async fund(deposit: Deposit): Promise<void> {
    const { from, to, data } = this.fundCall(deposit);
    await this.send(from, to, data);
  }

  /** The funder exchanges the TDT for TBTC, in this order. */
  mintCalls({ address, funder: from }: Deposit): readonly ScenarioCall[] {
    const { vendingMachine, depositToken } = this.world.addresses;
    const tokenId = depositTokenId(address);
    const approve = tbtcAbi.ownershipToken.encodeFunctionData("approve", [vendingMachine, tokenId]);
    const exchange = tbtcAbi.vendingMachine.encodeFunctionData("tdtToTbtc", [tokenId]);
    return [
      { from, to: depositToken, data: approve },
      { from, to: vendingMachine, data: exchange },
    ];
  }

  /** The funder exchanges the TDT for TBTC. */
  async mint(deposit: Deposit): Promise<void> {
    for (const { from, to, data } of this.mintCalls(deposit)) await this.send(from, to, data);
  }

  /** Opens a deposit and brings it to ACTIVE. */
  async open(options: OpenOptions): Promise<Deposit> {
    const deposit = await this.create(options);
    await this.publishKey(deposit);
    await this.fund(deposit);
    if ((options.holder ?? "vending-machine") === "vending-machine") await this.mint(deposit);
    return deposit;
  }

  /** BTC per ETH, 1e18 = one; `live` false: the feed is offline. */
  async setPrice(btcPerEthWad: bigint, live = true): Promise<void> {
    const data = medianizerAbi.encodeFunctionData("poke", [btcPerEthWad, live]);
    await this.send(this.world.options.deployer, this.world.addresses.medianizer, data);
  }

  async courtesyCall(deposit: string): Promise<LocalReceipt> {
    return this.notify(deposit, "notifyCourtesyCall");
  }

  async exitCourtesyCall(deposit: string): Promise<LocalReceipt> {
    return this.notify(deposit, "exitCourtesyCall");
  }

  /** Waits for the end of the courtesy period and reports it: LIQUIDATION_IN_PROGRESS. */
  async expireCourtesyCall(deposit: string): Promise<LocalReceipt> {
    await this.chain.advance(COURTESY_PERIOD_SECONDS);
    return this.notify(deposit, "notifyCourtesyCallExpired");
  }

  /** Liquidates below the severe threshold: LIQUIDATION_IN_PROGRESS. */
  async liquidate(deposit: string): Promise<LocalReceipt> {
    return this.notify(deposit, "notifyUndercollateralizedLiquidation");
  }

  async timeOutSignature(deposit: string): Promise<LocalReceipt> {
    await this.chain.advance(SIGNATURE_TIMEOUT_SECONDS);
    return this.notify(deposit, "notifyRedemptionSignatureTimedOut");
  }

  async timeOutProof(deposit: string): Promise<LocalReceipt> {
    await this.chain.advance(PROOF_TIMEOUT_SECONDS);
    return this.notify(deposit, "notifyRedemptionProofTimedOut");
  }

  /** What the redeemer pays now, in wei of TBTC. */
  async cost(deposit: string, redeemer: string, route: Route): Promise<bigint> {
    const contract = this.contracts.deposit(deposit);
    if (route === "direct") return contract.getRedemptionTbtcRequirement(redeemer);
    return (await contract.lotSizeTbtc()) + (await contract.getOwnerRedemptionTbtcRequirement(redeemer));
  }

  /** Approves and requests a redemption: AWAITING_WITHDRAWAL_SIGNATURE. */
  async requestRedemption(deposit: Deposit, options: RedeemOptions): Promise<LocalReceipt> {
    const route = options.route ?? "vending-machine";
    const { token, vendingMachine } = this.world.addresses;
    const spender = route === "direct" ? deposit.address : vendingMachine;
    const approveWei = options.approveWei ?? (await this.cost(deposit.address, options.from, route));
    await this.send(options.from, token, tbtcAbi.token.encodeFunctionData("approve", [spender, approveWei]));

    const output = satToBytes8(deposit.utxoSat - (options.feeSat ?? DEFAULT_FEE_SAT));
    const script = prefixedOutputScript(options.script ?? keyScript(REDEEMER_KEY));
    const data =
      route === "direct"
        ? tbtcAbi.deposit.encodeFunctionData("requestRedemption", [output, script])
        : tbtcAbi.vendingMachine.encodeFunctionData("tbtcToBtc", [deposit.address, output, script]);
    return this.send(options.from, route === "direct" ? deposit.address : vendingMachine, data);
  }

  /** @throws PermanentError TBTC_NO_REDEMPTION when none was requested. */
  async redemption(deposit: string): Promise<Redemption> {
    const { system } = this.contracts;
    const events = await system.queryFilter(system.filters.RedemptionRequested(deposit));
    const last = events.at(-1)?.args;
    if (last === undefined) throw new PermanentError("TBTC_NO_REDEMPTION", `no redemption of ${deposit} was requested`);
    return {
      requester: last.requester,
      digest: last.digest,
      utxoSat: last.utxoValue,
      feeSat: last.requestedFee,
      script: last.redeemerOutputScript,
      outpoint: last.outpoint,
    };
  }

  /** A member signs in the keep; the deposit does not know it yet. */
  async signInKeep(deposit: Deposit): Promise<void> {
    const { digest } = await this.redemption(deposit.address);
    const { r, s, yParity } = this.signerKey(deposit.keep).sign(digest);
    const member = deposit.members[0] ?? deposit.funder;
    await this.send(member, deposit.keep, tbtcAbi.keep.encodeFunctionData("submitSignature", [r, s, yParity]));
  }

  /** Signs in the keep and brings the signature to the deposit: AWAITING_WITHDRAWAL_PROOF. */
  async provideSignature(deposit: Deposit): Promise<void> {
    await this.signInKeep(deposit);
    const { digest } = await this.redemption(deposit.address);
    const { r, s, v } = this.signerKey(deposit.keep).sign(digest);
    const data = tbtcAbi.deposit.encodeFunctionData("provideRedemptionSignature", [v, r, s]);
    await this.send(this.world.options.deployer, deposit.address, data);
  }

  /** Raises the fee; both are fees, not output values. */
  async increaseFee(deposit: Deposit, previousFeeSat: bigint, newFeeSat: bigint): Promise<LocalReceipt> {
    const data = tbtcAbi.deposit.encodeFunctionData("increaseRedemptionFee", [
      satToBytes8(deposit.utxoSat - previousFeeSat),
      satToBytes8(deposit.utxoSat - newFeeSat),
    ]);
    return this.send(this.world.options.deployer, deposit.address, data);
  }

  /** Proves the payment of the last request, or of one with other parts: REDEEMED. */
  async proveRedemption(deposit: Deposit, changes: ProofChanges = {}): Promise<LocalReceipt> {
    const { outpoint, script, feeSat } = await this.redemption(deposit.address);
    const target = changes.script ?? getBytes(script).slice(1);
    const spent = changes.outpoint ?? outpoint;
    const transaction = payment(spent, target, deposit.utxoSat - (changes.feeSat ?? feeSat));
    const proof = proveTransaction(transaction);
    const data = tbtcAbi.deposit.encodeFunctionData("provideRedemptionProof", [
      transaction.version,
      transaction.inputVector,
      transaction.outputVector,
      transaction.locktime,
      proof.merkleProof,
      proof.txIndexInBlock,
      changes.headersOf?.(proof.headers) ?? proof.headers,
    ]);
    return this.send(this.world.options.deployer, deposit.address, data);
  }

  /** Buys the bond on auction and withdraws the ether that is the buyer's. */
  async purchase(deposit: Deposit, buyer: string): Promise<void> {
    const lotWei = satToTbtcWei(deposit.lotSat);
    const approve = tbtcAbi.token.encodeFunctionData("approve", [deposit.address, lotWei]);
    await this.send(buyer, this.world.addresses.token, approve);
    await this.send(buyer, deposit.address, tbtcAbi.deposit.encodeFunctionData("purchaseSignerBondsAtAuction"));
    await this.send(buyer, deposit.address, tbtcAbi.deposit.encodeFunctionData("withdrawFunds"));
  }

  /** Gives an account TBTC, minted against deposits of the deployer's as small as do; returns those deposits. */
  async giveTbtc(to: string, amountWei: bigint): Promise<Deposit[]> {
    const { deployer, lotsSat } = this.world.options;
    const { token } = this.contracts;
    const minted: Deposit[] = [];
    for (;;) {
      const missingWei = amountWei - (await token.balanceOf(deployer));
      if (missingWei <= 0n) break;
      const enough = lotsSat.find((lotSat) => satToTbtcWei(lotSat) > missingWei);
      const lotSat = enough ?? lotsSat.at(-1);
      if (lotSat === undefined) throw new PermanentError("TBTC_NO_LOTS", "the system has no lots");
      minted.push(await this.open({ lotSat }));
    }
    await this.transferTbtc(deployer, to, amountWei);
    return minted;
  }

  async transferTbtc(from: string, to: string, amountWei: bigint): Promise<void> {
    await this.send(from, this.world.addresses.token, tbtcAbi.token.encodeFunctionData("transfer", [to, amountWei]));
  }

  /** Any call of a deposit without arguments, by `from` (default: the deployer). */
  async notify(
    deposit: string,
    call:
      | "notifyCourtesyCall"
      | "exitCourtesyCall"
      | "notifyCourtesyCallExpired"
      | "notifyUndercollateralizedLiquidation"
      | "notifyRedemptionSignatureTimedOut"
      | "notifyRedemptionProofTimedOut"
      | "notifySignerSetupFailed"
      | "notifyFundingTimedOut"
      | "retrieveSignerPubkey"
      | "purchaseSignerBondsAtAuction"
      | "withdrawFunds",
    from = this.world.options.deployer,
  ): Promise<LocalReceipt> {
    const { selector } = tbtcAbi.deposit.getFunction(call);
    return this.send(from, deposit, selector);
  }

  /** Any transaction; a revert is thrown as the node reports it. */
  send(from: string, to: string, data: string, valueWei?: bigint): Promise<LocalReceipt> {
    return this.chain.send({ from, to, data, ...(valueWei === undefined ? {} : { valueWei }) });
  }
}

function parsed(receipt: LocalReceipt, event: "Created"): Readonly<Record<string, unknown>> {
  for (const log of receipt.logs) {
    const description = tbtcAbi.system.parseLog(log);
    if (description?.name === event) return description.args.toObject();
  }
  throw new PermanentError("TBTC_EVENT_MISSING", `transaction ${receipt.hash} has no event ${event}`);
}
