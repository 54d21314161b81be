import { expect } from "chai";
import { getBytes, type Interface, ZeroAddress } from "ethers";

import type { IRescueBounty } from "../../../protocol/generated/contracts/index.js";
import {
  type BountyRelease,
  CLAIM_GAS_LIMIT,
  connectRescueBounty,
  decodeBounties,
  depositOfKeep,
  encodeBounties,
  encodeClaim,
  encodeCollect,
  encodePledge,
  encodeRelease,
  encodeRescue,
  readBounties,
  releaseDigest,
  releaseTypedData,
  rescueAgentAbi,
  RESCUE_GAS_LIMIT,
  rescueBountyAbi,
  type RescueOrder,
} from "../../../protocol/tbtc/bounty.js";
import { FEE_BUMP_SECONDS } from "../../../protocol/tbtc/constants.js";
import { depositTokenId, tbtcAbi } from "../../../protocol/tbtc/contracts.js";
import { DepositState } from "../../../protocol/tbtc/states.js";
import { publishedArtifact } from "../../../scripts/tbtc/artifacts.js";
import { deployRescueBounty } from "../../../scripts/tbtc/bounty.js";
import type { LocalReceipt } from "../../../scripts/local/chain.js";
import type { Deposit } from "../../../scripts/tbtc/scenario.js";
import { refusalOf } from "../../helpers/refusals.js";
import { codeOf } from "../../helpers/rejection.js";
import { answerOf } from "../../helpers/tbtcAnswer.js";
import { createTbtcChain, type TbtcChain } from "../../helpers/tbtcChain.js";
import { codeThrown } from "../../helpers/thrown.js";

const ETHER = 10n ** 18n;
const LOT_SAT = 10_000_000n;
const LOT_WEI = ETHER / 10n;
const FEE_SAT = 20_000n;
/** 124 % for deposits opened at 0.032, and back. */
const COURTESY_PRICE = 2_666n * 10n ** 13n;
const SAFE_PRICE = 32n * 10n ** 15n;
const BOUNTY_WEI = ETHER / 20n;
const NOTICE_SECONDS = 86_400n;
const DAY_SECONDS = 86_400n;
/** Without the types of single functions. */
const anyAbi: Interface = rescueBountyAbi;
const SCRIPT = getBytes(`0x0014${"ab".repeat(20)}`);

describe("bounties on the real tBTC v1", () => {
  let site: TbtcChain;
  let escrow: IRescueBounty;
  let address: string;
  /** TDT with the vending machine, and with the user. */
  let sold: Deposit;
  let held: Deposit;
  let operator: string;
  let partner: string;
  let provider: string;

  before(async () => {
    site = await createTbtcChain();
    const { scenario, roles, world, chain } = site;
    address = await deployRescueBounty(chain, roles.deployer, world.addresses);
    sold = await scenario.open({ lotSat: LOT_SAT });
    held = await scenario.open({ lotSat: LOT_SAT, holder: "user", funder: roles.user });
    await scenario.giveTbtc(roles.redeemer, 3n * LOT_WEI);
    await scenario.giveTbtc(roles.rival, 2n * LOT_WEI);
    escrow = connectRescueBounty(address, chain.provider);
    operator = sold.members[0] ?? ZeroAddress;
    partner = sold.members[1] ?? ZeroAddress;
    provider = roles.redeemer;
  });
  beforeEach(() => site.keep());
  afterEach(() => site.giveBack());
  after(() => site.close());

  const state = (deposit: Deposit): Promise<DepositState> => site.scenario.state(deposit.address);
  const tbtcOf = (of: string): Promise<bigint> => site.scenario.contracts.token.balanceOf(of);
  const etherOf = (of: string): Promise<bigint> => site.chain.provider.getBalance(of);
  const send = (from: string, data: string, valueWei = 0n): Promise<LocalReceipt> =>
    site.scenario.send(from, address, data, valueWei);
  const bounty = async (of = sold) => (await readBounties(escrow, [of.address], "latest"))[0];

  /** Name of the error with which the escrow refuses. */
  const refusal = (from: string, data: string, valueWei = 0n): Promise<string> =>
    refusalOf(site.chain.provider, { from, to: address, data, value: valueWei });

  const call = (name: "announceWithdrawal" | "cancelWithdrawal" | "withdraw", of = sold): string =>
    anyAbi.encodeFunctionData(name, [[of.address]]);

  const pledge = (from = operator, bountyWei = BOUNTY_WEI, of = sold): Promise<LocalReceipt> =>
    send(from, encodePledge([{ deposit: of.address, bountyWei }]), bountyWei);

  async function order(changes: Partial<RescueOrder> = {}): Promise<string> {
    return encodeRescue({
      deposit: sold.address,
      utxoSat: LOT_SAT,
      feeSat: FEE_SAT,
      script: SCRIPT,
      maxCostWei: LOT_WEI,
      minBountyWei: BOUNTY_WEI,
      deadline: BigInt(await site.chain.now()) + DAY_SECONDS,
      ...changes,
    });
  }

  async function allow(from: string, amountWei: bigint): Promise<void> {
    const data = tbtcAbi.token.encodeFunctionData("approve", [address, amountWei]);
    await site.scenario.send(from, site.world.addresses.token, data);
  }

  async function rescue(from = provider, changes: Partial<RescueOrder> = {}): Promise<LocalReceipt> {
    await allow(from, LOT_WEI);
    return send(from, await order(changes));
  }

  async function release(changes: Partial<BountyRelease> = {}): Promise<BountyRelease> {
    return {
      operator,
      deposit: sold.address,
      recipient: provider,
      amountWei: BOUNTY_WEI,
      nonce: 7n,
      deadline: BigInt(await site.chain.now()) + DAY_SECONDS,
      ...changes,
    };
  }

  async function sign(signer: string, order: BountyRelease): Promise<string> {
    const { chainId } = await site.chain.provider.getNetwork();
    const { domain, types, value } = releaseTypedData(chainId, address, order);
    return (await site.connection.ethers.getSigner(signer)).signTypedData(domain, types, value);
  }

  it("BOUNTY-2 operators pledge, a provider redeems through the escrow, and the proof of the payment pays him once", async () => {
    const { scenario, chain } = site;
    await pledge();
    await pledge(partner);
    await scenario.setPrice(COURTESY_PRICE);
    await scenario.courtesyCall(sold.address);
    expect(await bounty()).to.deep.equal({ openWei: 2n * BOUNTY_WEI, firmWei: 2n * BOUNTY_WEI, provider: undefined });

    await rescue(provider, { minBountyWei: 2n * BOUNTY_WEI });
    const agent = await escrow.agentOf(provider);
    const first = await scenario.redemption(sold.address);
    expect(first).to.include({ requester: agent, feeSat: FEE_SAT, script: `0x160014${"ab".repeat(20)}` });
    expect(await tbtcOf(provider)).to.equal(2n * LOT_WEI);
    expect((await bounty())?.provider).to.equal(provider);
    expect(await refusal(provider, encodeClaim([sold.address]))).to.equal("NotRedeemed");
    expect(await refusal(operator, call("withdraw"))).to.equal("Earmarked");

    // A fee bump by somebody else changes the event's requester, and nothing here.
    await scenario.provideSignature(sold);
    await chain.advance(FEE_BUMP_SECONDS);
    await scenario.increaseFee(sold, FEE_SAT, 2n * FEE_SAT);
    expect((await scenario.redemption(sold.address)).requester).to.equal(site.roles.deployer);
    await scenario.provideSignature(sold);
    await scenario.proveRedemption(sold);
    expect(await state(sold)).to.equal(DepositState.REDEEMED);

    const claimed = await send(site.roles.rival, encodeClaim([sold.address]));
    expect(claimed.gasUsed < CLAIM_GAS_LIMIT).to.equal(true);
    expect(await escrow.collectableWei(provider)).to.equal(2n * BOUNTY_WEI);
    expect(await refusal(provider, encodeClaim([sold.address]))).to.equal("AlreadyClaimed");
    expect(await refusal(operator, call("withdraw"))).to.equal("PledgeTooSmall");
    const purse = site.roles.user;
    const before = await etherOf(purse);
    await send(provider, encodeCollect(purse));
    expect((await etherOf(purse)) - before).to.equal(2n * BOUNTY_WEI);
    expect(await etherOf(address)).to.equal(0n);
    expect(await refusal(provider, encodeCollect(purse))).to.equal("NothingPending");
  });

  it("BOUNTY-2 what a deposit shows after a request does not prove who redeemed it", async () => {
    const { scenario, roles, world } = site;
    // No getter answers with the redeemer.
    const { abi } = publishedArtifact("tbtc/Deposit");
    const getters = abi.fragments.flatMap((part) => ("name" in part ? [String(part.name)] : []));
    expect(getters.filter((name) => /redeemer/i.test(name))).to.deep.equal([]);

    await scenario.setPrice(COURTESY_PRICE);
    for (const { address: called } of [sold, held]) await scenario.courtesyCall(called);
    // Through the vending machine the redeemer gets the TDT, and gives it to whom he likes.
    await scenario.requestRedemption(sold, { from: provider });
    expect((await scenario.redemption(sold.address)).requester).to.equal(provider);
    const id = depositTokenId(sold.address);
    expect(await scenario.contracts.depositToken.ownerOf(id)).to.equal(provider);
    const transfer = tbtcAbi.ownershipToken.encodeFunctionData("transferFrom", [provider, roles.rival, id]);
    await scenario.send(provider, world.addresses.depositToken, transfer);
    expect(await scenario.contracts.depositToken.ownerOf(id)).to.equal(roles.rival);
    // Directly it stays with somebody who had no part in it.
    await scenario.requestRedemption(held, { from: provider, route: "direct" });
    expect((await scenario.redemption(held.address)).requester).to.equal(provider);
    expect(await scenario.contracts.depositToken.ownerOf(depositTokenId(held.address))).to.equal(roles.user);
  });

  it("BOUNTY-2 calls a deposit and redeems it in one transaction, whoever holds its TDT, and leaves a safe one alone", async () => {
    const { scenario } = site;
    await pledge(operator, BOUNTY_WEI, held);
    await allow(provider, LOT_WEI);
    const safe = send(provider, await order({ deposit: held.address }));
    expect(await answerOf(safe)).to.equal("TBTC_COLLATERAL_SUFFICIENT");
    expect((await bounty(held))?.provider).to.equal(undefined);
    await scenario.setPrice(COURTESY_PRICE);
    const receipt = await send(provider, await order({ deposit: held.address }));
    expect(receipt.gasUsed < RESCUE_GAS_LIMIT).to.equal(true);
    expect(await state(held)).to.equal(DepositState.AWAITING_WITHDRAWAL_SIGNATURE);
    expect((await bounty(held))?.provider).to.equal(provider);
    expect(await tbtcOf(provider)).to.equal(2n * LOT_WEI);
  });

  it("BOUNTY-3 gives the provider what he ordered or refuses by name", async () => {
    const { scenario, chain } = site;
    await pledge();
    await scenario.setPrice(COURTESY_PRICE);
    await scenario.courtesyCall(sold.address);
    expect(await refusal(provider, await order({ minBountyWei: BOUNTY_WEI + 1n }))).to.equal("BountyBelowMinimum");
    expect(await refusal(provider, await order({ maxCostWei: LOT_WEI - 1n }))).to.equal("CostAboveMaximum");
    const late = BigInt(await chain.now()) - 1n;
    expect(await refusal(provider, await order({ deadline: late }))).to.equal("DeadlineExpired");
    const unpaid = send(provider, await order());
    expect(await answerOf(unpaid)).to.equal("TBTC_ALLOWANCE_OR_BALANCE_SHORT");
    await allow(provider, LOT_WEI);
    expect(await answerOf(send(provider, await order({ feeSat: 1_999n })))).to.equal("TBTC_FEE_TOO_LOW");
    expect(await answerOf(send(provider, await order({ feeSat: LOT_SAT / 2n })))).to.equal("TBTC_FEE_TOO_HIGH");
    const taproot = getBytes(`0x5120${"22".repeat(32)}`);
    const inputs = { deposit: sold.address, utxoSat: LOT_SAT, feeSat: FEE_SAT, maxCostWei: 1n, minBountyWei: 1n };
    expect(codeThrown(() => encodeRescue({ ...inputs, script: taproot, deadline: 1n }))).to.equal(
      "OUTPUT_SCRIPT_UNSUPPORTED",
    );
    // Somebody was faster, and did not go through here.
    await scenario.requestRedemption(sold, { from: site.roles.rival, route: "direct" });
    expect(await refusal(provider, await order())).to.equal("NotRescuable");
    expect(await refusal(provider, encodeClaim([sold.address]))).to.equal("NotRescued");
    expect(await tbtcOf(provider)).to.equal(3n * LOT_WEI);
  });

  it("BOUNTY-3 BOUNTY-8 when the signers fail, operators get their pledges and the provider what tBTC gives back", async () => {
    const { scenario, roles } = site;
    await pledge();
    await scenario.setPrice(COURTESY_PRICE);
    await rescue();
    const agent = await escrow.agentOf(provider);
    await scenario.timeOutSignature(sold.address);
    expect(await refusal(provider, encodeClaim([sold.address]))).to.equal("NotRedeemed");
    await send(operator, call("withdraw"));
    expect(await escrow.collectableWei(operator)).to.equal(BOUNTY_WEI);

    await scenario.purchase(sold, roles.rival);
    expect(await tbtcOf(agent)).to.equal(LOT_WEI);
    const taking = rescueAgentAbi.encodeFunctionData("execute", [
      site.world.addresses.token,
      0n,
      tbtcAbi.token.encodeFunctionData("transfer", [provider, LOT_WEI]),
    ]);
    expect(await refusalOf(site.chain.provider, { from: roles.rival, to: agent, data: taking })).to.equal(
      "NotAuthorized",
    );
    await scenario.send(provider, agent, taking);
    expect(await tbtcOf(provider)).to.equal(3n * LOT_WEI);
  });

  it("BOUNTY-4 an operator withdraws after the notice, which leaves the firm bounty at once", async () => {
    const { chain } = site;
    await pledge();
    await pledge(partner);
    expect(await refusal(operator, call("withdraw"))).to.equal("NothingPending");
    expect(await refusal(operator, call("cancelWithdrawal"))).to.equal("NothingPending");
    expect(await refusal(provider, call("announceWithdrawal"))).to.equal("PledgeTooSmall");
    await send(operator, call("announceWithdrawal"));
    expect(await bounty()).to.deep.equal({ openWei: 2n * BOUNTY_WEI, firmWei: BOUNTY_WEI, provider: undefined });
    await chain.advance(NOTICE_SECONDS - 60n);
    expect(await refusal(operator, call("withdraw"))).to.equal("NotReady");
    await chain.advance(60n);
    await send(operator, call("withdraw"));
    expect(await bounty()).to.deep.equal({ openWei: BOUNTY_WEI, firmWei: BOUNTY_WEI, provider: undefined });
    const before = await etherOf(site.roles.user);
    await send(operator, encodeCollect(site.roles.user));
    expect((await etherOf(site.roles.user)) - before).to.equal(BOUNTY_WEI);
  });

  it("BOUNTY-5 an operator's signature pays for a redemption made elsewhere: once, in time, and to whom it names", async () => {
    const { scenario, chain, roles } = site;
    await pledge();
    await scenario.setPrice(COURTESY_PRICE);
    await scenario.courtesyCall(sold.address);
    const agreed = await release();
    const signature = await sign(operator, agreed);
    const { chainId } = await chain.provider.getNetwork();
    expect(await escrow.releaseDigest(agreed)).to.equal(releaseDigest(chainId, address, agreed));
    expect(await refusal(provider, encodeRelease(agreed, signature))).to.equal("StillRescuable");
    await scenario.requestRedemption(sold, { from: provider });

    expect(await refusal(provider, encodeRelease(agreed, await sign(partner, agreed)))).to.equal("BadSignature");
    const stolen = { ...agreed, recipient: roles.rival };
    expect(await refusal(roles.rival, encodeRelease(stolen, signature))).to.equal("BadSignature");
    const more = await release({ amountWei: BOUNTY_WEI + 1n });
    expect(await refusal(provider, encodeRelease(more, await sign(operator, more)))).to.equal("PledgeTooSmall");
    const nothing = await release({ amountWei: 0n });
    expect(await refusal(provider, encodeRelease(nothing, await sign(operator, nothing)))).to.equal("ZeroAmount");
    const nobody = await release({ recipient: ZeroAddress });
    expect(await refusal(provider, encodeRelease(nobody, await sign(operator, nobody)))).to.equal("ZeroAddress");
    await site.keep();
    await chain.advance(DAY_SECONDS);
    expect(await refusal(provider, encodeRelease(agreed, signature))).to.equal("DeadlineExpired");
    await site.giveBack();

    // Anybody may bring it.
    await send(roles.rival, encodeRelease(agreed, signature));
    expect(await escrow.collectableWei(provider)).to.equal(BOUNTY_WEI);
    expect(await refusal(provider, encodeRelease(agreed, signature))).to.equal("ReleaseUsed");
    expect(await bounty()).to.deep.equal({ openWei: 0n, firmWei: 0n, provider: undefined });
  });

  it("BOUNTY-6 takes pledges only for deposits that tBTC opened, and only while they can be rescued", async () => {
    const { scenario, world } = site;
    const fund = (deposit: string, bountyWei: bigint, valueWei: bigint): Promise<string> =>
      refusal(operator, encodePledge([{ deposit, bountyWei }]), valueWei);
    // The code that all deposits run is no deposit, and neither is a keep.
    const { masterDepositAddress } = await masterOf();
    for (const stranger of [masterDepositAddress, sold.keep, world.addresses.token, operator]) {
      expect(await fund(stranger, 1n, 1n)).to.equal("UnknownDeposit");
    }
    expect(await fund(sold.address, 0n, 0n)).to.equal("ZeroAmount");
    expect(await fund(sold.address, 2n, 1n)).to.equal("ValueMismatch");
    const unfunded = await scenario.create({ lotSat: LOT_SAT });
    expect(await fund(unfunded.address, 1n, 1n)).to.equal("NotRescuable");
    await scenario.setPrice(COURTESY_PRICE);
    await scenario.courtesyCall(sold.address);
    expect(await fund(sold.address, 1n, 1n)).to.equal("none");
    await scenario.requestRedemption(sold, { from: provider });
    expect(await fund(sold.address, 1n, 1n)).to.equal("NotRescuable");
  });

  it("BOUNTY-6 finds the deposit of a keep, and no deposit for what only says that it is one", async () => {
    const { contracts } = site.scenario;
    expect(await depositOfKeep(contracts, sold.keep)).to.equal(sold.address);
    // The master keep has no owner.
    const { masterKeep } = await masterOf();
    expect(await codeOf(depositOfKeep(contracts, masterKeep))).to.equal("TBTC_KEEP_UNKNOWN");
  });

  it("BOUNTY-4 reads the bounties of many deposits in one question, from one node or from several", async () => {
    await pledge();
    await send(operator, call("announceWithdrawal"));
    await pledge(partner, 2n * BOUNTY_WEI);
    await pledge(operator, 3n * BOUNTY_WEI, held);
    const asked = [held.address, sold.keep, sold.address];
    const expected = [
      { openWei: 3n * BOUNTY_WEI, firmWei: 3n * BOUNTY_WEI, provider: undefined },
      { openWei: 0n, firmWei: 0n, provider: undefined },
      { openWei: 3n * BOUNTY_WEI, firmWei: 2n * BOUNTY_WEI, provider: undefined },
    ];
    expect(await readBounties(escrow, asked, "latest")).to.deep.equal(expected);
    const answer = await site.chain.provider.call({ to: address, data: encodeBounties(asked) });
    expect(decodeBounties(answer)).to.deep.equal(expected);
    expect(() => decodeBounties("0x"))
      .to.throw()
      .with.property("code", "BAD_DATA");
  });

  it("BOUNTY-4 gives pledges back without notice once a deposit was redeemed elsewhere", async () => {
    const { scenario } = site;
    await pledge();
    await scenario.setPrice(COURTESY_PRICE);
    await scenario.courtesyCall(sold.address);
    await scenario.requestRedemption(sold, { from: site.roles.rival });
    await send(operator, call("withdraw"));
    expect(await escrow.collectableWei(operator)).to.equal(BOUNTY_WEI);
    await scenario.setPrice(SAFE_PRICE);
    expect(await refusal(provider, encodeClaim([sold.address]))).to.equal("NotRescued");
  });

  /** The code behind the clones, as the factories name it. */
  async function masterOf(): Promise<{ masterDepositAddress: string; masterKeep: string }> {
    const { provider: reader } = site.chain;
    const { depositFactory, keepFactory } = site.world.addresses;
    const { abi } = publishedArtifact("tbtc/DepositFactory");
    const deposit = await reader.call({ to: depositFactory, data: abi.encodeFunctionData("masterDepositAddress") });
    const keepAbi = publishedArtifact("keep-ecdsa/BondedECDSAKeepFactory").abi;
    const keep = await reader.call({ to: keepFactory, data: keepAbi.encodeFunctionData("masterKeepAddress") });
    return {
      masterDepositAddress: String(abi.decodeFunctionResult("masterDepositAddress", deposit)[0]),
      masterKeep: String(keepAbi.decodeFunctionResult("masterKeepAddress", keep)[0]),
    };
  }
});
