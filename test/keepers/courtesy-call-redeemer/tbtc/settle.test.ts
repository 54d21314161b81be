import { expect } from "chai";

import type { TbtcRescue } from "../../../../keepers/courtesy-call-redeemer/adapters/tbtc/tbtc.js";
import type { Position, Settlement } from "../../../../keepers/courtesy-call-redeemer/types.js";
import {
  FEE_BUMP_SECONDS,
  PROOF_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { satToTbtcWei } from "../../../../protocol/tbtc/units.js";
import type { Deposit } from "../../../../scripts/tbtc/scenario.js";
import { FOLLOW_UP_POLICY } from "../../../../keepers/courtesy-call-redeemer/bitcoin/followUp.js";
import { rawTransaction } from "../../../../scripts/tbtc/bitcoin.js";
import { createBitcoinRig } from "../../../helpers/bitcoinRig.js";
import { attachToNode } from "../../../helpers/localNode.js";
import { codeOf } from "../../../helpers/rejection.js";
import { startTbtcNode, type TbtcNode } from "../../../helpers/tbtcNode.js";

const LOT_SAT = 10_000_000n;
const FEE_SAT = 20_000n;
const CALLABLE = 2_666n * 10n ** 13n;
const EXTEND_SECONDS = PROOF_TIMEOUT_SECONDS - 1_800n;

/** No server of Bitcoin is named here: what the chain alone says. */
describe("courtesy-call-redeemer, what a redemption of tBTC v1 leaves to do", () => {
  let site: TbtcNode;
  let rescue: TbtcRescue;
  let deposit: Deposit;
  let requested: { readonly block: number; readonly at: bigint };

  before(async () => {
    site = await startTbtcNode();
    const { scenario, roles } = site;
    deposit = await scenario.open({ lotSat: LOT_SAT });
    await scenario.giveTbtc(roles.redeemer, satToTbtcWei(LOT_SAT));
    await scenario.setPrice(CALLABLE);
    await scenario.courtesyCall(deposit.address);
    await scenario.requestRedemption(deposit, { from: roles.redeemer, feeSat: FEE_SAT });
    const { number, timestamp } = await site.block();
    requested = { block: number, at: timestamp };
    await site.mine(2);
  });
  beforeEach(async () => {
    await site.keep();
    ({ rescue } = site.rescue());
  });
  afterEach(async () => {
    site.proxy.fault = () => undefined;
    await site.giveBack();
  });
  after(() => site.close());

  async function look(since = requested.block): Promise<Settlement> {
    const { address, members, lotSat } = deposit;
    const position: Position = { id: address.toLowerCase(), operators: members, sizeUnits: satToTbtcWei(lotSat) };
    return rescue.settle(position, since, await site.block());
  }

  /** What the keep has signed already. */
  async function giveSignature(): Promise<void> {
    const { scenario, roles } = site;
    const { digest } = await scenario.redemption(deposit.address);
    const { r, s, v } = scenario.signerKey(deposit.keep).sign(digest);
    const data = tbtcAbi.deposit.encodeFunctionData("provideRedemptionSignature", [v, r, s]);
    await scenario.send(roles.rival, deposit.address, data);
  }

  const shown = ({ stage, followUps, troubles }: Settlement) => ({
    stage,
    next: followUps.map(({ step, dueAt, calls }) => [step, (dueAt ?? 0n) - requested.at, calls.length]),
    troubles: troubles.map(({ name }) => name),
  });

  it("TBTC-17 a signature that is there is due in two hours, a higher fee before six, after the block of the request", async () => {
    expect(shown(await look())).to.deep.equal({ stage: "requested", next: [], troubles: [] });
    await site.scenario.signInKeep(deposit);
    expect(shown(await look())).to.deep.equal({
      stage: "signed",
      next: [["provide-signature:1", SIGNATURE_TIMEOUT_SECONDS, 1]],
      troubles: ["bitcoin-unknown"],
    });
    await giveSignature();
    await site.chain.advance(EXTEND_SECONDS);
    expect(shown(await look())).to.deep.equal({
      stage: "signed",
      next: [["increase-fee:1", PROOF_TIMEOUT_SECONDS, 1]],
      troubles: ["bitcoin-unknown", "proof-late"],
    });
  });

  it("TBTC-17 nothing is left once it is proven, or lost", async () => {
    await site.keep();
    await site.scenario.provideSignature(deposit);
    await site.scenario.proveRedemption(deposit);
    expect(shown(await look())).to.deep.equal({ stage: "proven", next: [], troubles: [] });
    await site.giveBack();
    await site.scenario.timeOutSignature(deposit.address);
    expect(shown(await look())).to.deep.equal({ stage: "lost", next: [], troubles: ["lost"] });
  });

  it("TBTC-17 a raised fee starts the clock again, whoever raised it", async () => {
    const { scenario, chain } = site;
    await scenario.provideSignature(deposit);
    await chain.advance(FEE_BUMP_SECONDS);
    await scenario.increaseFee(deposit, FEE_SAT, 2n * FEE_SAT);
    const later = (await site.block()).timestamp - requested.at;
    await scenario.signInKeep(deposit);
    expect(shown(await look()).next).to.deep.equal([["provide-signature:2", later + SIGNATURE_TIMEOUT_SECONDS, 1]]);
  });

  it("TBTC-23 by the word of one node about the relay no Bitcoin server becomes a liar", async () => {
    const bitcoin = await createBitcoinRig(2);
    const second = await attachToNode(site.url);
    try {
      bitcoin.chain.mine(1, { place: [rawTransaction(site.scenario.funding(deposit).transaction)] });
      const client = second.client({ url: `${site.proxy.url},${second.proxy.url}`, quorum: 2, timeoutMs: 20_000 });
      const side = { servers: bitcoin.servers, childSigner: undefined, policy: FOLLOW_UP_POLICY };
      ({ rescue } = site.rescue({ client, bitcoin: side }));
      await site.scenario.provideSignature(deposit);
      expect((await look()).facts["bitcoin"]).to.equal("unseen");
      const { selector } = tbtcAbi.system.getFunction("fetchRelayCurrentDifficulty");
      const { selector: other } = tbtcAbi.system.getFunction("fetchRelayPreviousDifficulty");
      // The node that is asked first.
      site.proxy.fault = ({ method, params }) => {
        const { data = "" } = (params[0] ?? {}) as { data?: string };
        return method === "eth_call" && (data === selector || data === other)
          ? { kind: "answer", body: { result: `0x${"00".repeat(24)}${"ff".repeat(8)}` } }
          : undefined;
      };
      expect(await codeOf(look())).to.equal("NO_QUORUM");
      expect(bitcoin.codes()).to.deep.equal([undefined, undefined]);
    } finally {
      await second.close();
      await bitcoin.close();
    }
  });

  it("TBTC-21 a node that leaves out the newest request is not believed, nor one that cannot give all blocks at once", async () => {
    site.proxy.fault = ({ method }) =>
      method === "eth_getLogs" ? { kind: "answer", body: { result: [] } } : undefined;
    expect(await codeOf(look())).to.equal("TBTC_LOGS_OMITTED");
    // A later request that is left out is missed too.
    site.proxy.fault = () => undefined;
    await site.scenario.provideSignature(deposit);
    await site.chain.advance(FEE_BUMP_SECONDS);
    const before = (await site.block()).number;
    await site.scenario.increaseFee(deposit, FEE_SAT, 2n * FEE_SAT);
    site.proxy.fault = ({ method, params }) => {
      if (method !== "eth_getLogs") return undefined;
      const filter = { ...(params[0] as object), toBlock: `0x${before.toString(16)}` };
      return { kind: "rewrite", params: [filter] };
    };
    expect(await codeOf(look())).to.equal("TBTC_LOGS_OMITTED");
    // Ranges of more than four blocks are refused.
    let refused = 0;
    site.proxy.fault = ({ method, params }) => {
      if (method !== "eth_getLogs") return undefined;
      const { fromBlock, toBlock } = params[0] as { readonly fromBlock: string; readonly toBlock: string };
      if (Number(toBlock) - Number(fromBlock) < 4) return undefined;
      refused += 1;
      return { kind: "answer", body: { error: { code: -32005, message: "query returned more than 10000 results" } } };
    };
    expect((await look()).facts["requests"]).to.equal("2");
    expect(refused).to.be.greaterThan(0);
  });
});
