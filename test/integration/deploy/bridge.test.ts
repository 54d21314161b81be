import { expect } from "chai";
import { id, ZeroAddress, type Signer } from "ethers";

import {
  AlltraAdapter__factory,
  AlltraCustomBridge__factory,
  BridgeReserveCoordinator__factory,
  CapitalBuckets__factory,
  CcipAdapter__factory,
  M1Token__factory,
} from "../../../protocol/generated/contracts/index.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import type { NetworkParams } from "../../../protocol/params/schema.js";
import type { Blueprint } from "../../../scripts/deploy/blueprint.js";
import {
  adapterTermsOf,
  ascending,
  bridgeSizingOf,
  laneMinterLimitOf,
  laneMode,
  laneModeNumber,
  lanesOf,
  limitsOf,
} from "../../../scripts/deploy/bridge.js";
import { readBridgeStatus } from "../../../scripts/deploy/bridgeStatus.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { toAnswer } from "../../../scripts/tasks/bridge/status.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "../../helpers/deployment.js";
import { rounds } from "../../helpers/rounds.js";

const NETWORK = "localhost651940";

describe("modes of lanes", () => {
  it("are named by their numbers, and one that nobody knows is not taken for no lane", () => {
    expect([0n, 1n, 2n, 3n].map(laneMode)).to.deep.equal(["NONE", "LOCK", "MINT", "unknown"]);
    expect(laneModeNumber("MINT")).to.equal(2);
  });
});

/** On the chain that mints: there the bridge has more rights than on the one that locks. */
describe("deployment of the bridge", () => {
  let site: DeploymentChain;
  let deployed: DeployResult;
  let governance: Signer;
  let restore: () => Promise<void>;

  before(async () => {
    site = await createDeploymentChain("sim651940");
    deployed = await site.execute();
    governance = await site.impersonate(deployed.blueprint.timelock.address);
  });
  beforeEach(async () => {
    const snapshot = await site.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => site.chain.close());

  async function differences(loaded = site.options.loaded): Promise<string[]> {
    const { differences: found } = await verify({ ...site.options, loaded });
    return found.map(({ code, id: what }) => `${code} ${what}`);
  }

  const lane = (plan: Blueprint) => {
    const found = lanesOf(plan).find(({ name }) => name === "cUSDT");
    if (found === undefined) throw new Error("cUSDT crosses");
    return found;
  };
  const bridge = (plan: Blueprint, by: Signer) => AlltraCustomBridge__factory.connect(plan.bridge.bridge.address, by);
  const adapter = (plan: Blueprint, by: Signer) => AlltraAdapter__factory.connect(plan.bridge.adapter.address, by);
  const book = (plan: Blueprint, by: Signer) =>
    BridgeReserveCoordinator__factory.connect(plan.bridge.coordinator.address, by);
  const ccip = (plan: Blueprint, by: Signer) => CcipAdapter__factory.connect(plan.ccip?.adapter.address ?? "", by);
  const token = (plan: Blueprint, by: Signer) => M1Token__factory.connect(plan.tokens.cUSDT.address, by);

  it("PAIR-5 gives lanes, rights and bucket D to whom the parameters name, and the deployer nothing", async () => {
    const { blueprint } = deployed;
    expect(await differences()).to.deep.equal([]);
    expect((await site.execute()).transactions).to.equal(0);
    const end = bridge(blueprint, site.deployer);
    expect([await end.owner(), await end.guardian()]).to.deep.equal([
      blueprint.timelock.address,
      blueprint.roles.guardian,
    ]);
    expect(await end.attestorThreshold()).to.equal(2n);
    expect(await end.coordinator()).to.equal(blueprint.bridge.coordinator.address);
    const buckets = CapitalBuckets__factory.connect(blueprint.reserves.buckets.address, site.deployer);
    expect(await buckets.bridge()).to.equal(blueprint.bridge.coordinator.address);
    for (const crossing of lanesOf(blueprint)) {
      expect(await end.mode(crossing.token), crossing.name).to.equal(2n);
      expect(await end.outAvailable(crossing.token)).to.equal(limitsOf(blueprint, crossing).outCapacity);
      const handle = M1Token__factory.connect(crossing.token, site.deployer);
      expect(await handle.hasRole(id("MINTER_ROLE"), end)).to.equal(true);
      const limit = laneMinterLimitOf(blueprint, crossing, blueprint.bridge.bridge.address);
      expect(await handle.mintAvailable(end)).to.equal(limit.mintCapacity);
      expect(await handle.burnAvailable(end)).to.equal(limit.burnCapacity);
      const { requiredUnits, reserveUnits } = await book(blueprint, site.deployer).state(crossing.token);
      expect(
        reserveUnits > requiredUnits && requiredUnits > 0n,
        `${crossing.name}: D covers what is required`,
      ).to.equal(true);
    }
  });

  it("PAIR-5 mints nothing on the chain that locks", async () => {
    const home = await createDeploymentChain();
    try {
      const { blueprint } = await home.execute();
      const end = bridge(blueprint, home.deployer);
      for (const crossing of lanesOf(blueprint)) {
        expect(await end.mode(crossing.token), crossing.name).to.equal(1n);
        const handle = M1Token__factory.connect(crossing.token, home.deployer);
        expect(await handle.hasRole(id("MINTER_ROLE"), end)).to.equal(false);
        expect(await handle.isSystemContract(end)).to.equal(true);
      }
      expect(blueprint.bridge.bridge.address).to.equal(deployed.blueprint.bridge.bridge.address);
      expect(blueprint.bridge.adapter.address).to.equal(deployed.blueprint.bridge.adapter.address);
      expect(blueprint.bridge.coordinator.address).to.equal(deployed.blueprint.bridge.coordinator.address);
    } finally {
      await home.chain.close();
    }
  });

  describe("bridge status", () => {
    const amountUnits = 1_000_000_000n;

    /** cUSDT that was locked on chain 138 and is attested here by the keys of localhost. */
    async function arrive(): Promise<void> {
      const { blueprint } = deployed;
      const end = bridge(blueprint, site.trader);
      const sentAt = BigInt((await site.provider.getBlock("latest"))?.timestamp ?? 0);
      const message = {
        ...{ sourceChainId: 138n, nonce: 1n, token: blueprint.tokens.cUSDT.address, amountUnits, sentAt },
        ...{ sender: site.attacker.address, recipient: site.trader.address },
        ...{ expiresAt: sentAt + 3_600n, paidUnits: 0n },
      };
      const digest = await end.deliveryDigest(await end.messageId(message));
      const attesting = ascending(blueprint.params.bridge.attestors.first.addresses).slice(0, 2);
      const signatures = attesting.map((address) => {
        const key = developmentAccounts().find((account) => account.address === address);
        if (key === undefined) throw new Error(`${address} is no development account`);
        return key.signingKey.sign(digest).serialized;
      });
      await end.deliver(message, signatures);
    }

    it("shows lanes, books, limits and bucket D as the contracts see them", async () => {
      const { blueprint, deployment } = deployed;
      await arrive();
      const { cUSDT } = blueprint.tokens;
      await token(blueprint, site.trader).approve(blueprint.bridge.bridge.address, amountUnits);
      const back = amountUnits / 4n;
      const sending = adapter(blueprint, site.trader);
      const { feeUnits } = await sending.quote(138n, cUSDT.address, back);
      await sending.send({
        ...{ destinationChainId: 138n, token: cUSDT.address, recipient: site.trader.address, amountUnits: back },
        ...{ maxFeeUnits: feeUnits, deadline: 2n ** 40n },
      });
      const status = await readBridgeStatus(deployment, site.provider);
      expect(status).to.include({ ok: true, network: NETWORK, chainId: 651940, remoteChainId: 138, heldUntil: null });
      expect(status.remoteBridge).to.equal(status.bridge);
      expect(status.lastNonce).to.equal("1");
      expect(Object.keys(status.lanes)).to.deep.equal(["cUSDT", "cUSDC", "cEURT", "XAU"]);
      const limits = limitsOf(blueprint, lane(blueprint));
      const shown = status.lanes["cUSDT"];
      expect(shown).to.deep.include({
        mode: "MINT",
        bookUnits: String(amountUnits - back),
        inFlightUnits: String(back),
        book: {
          ...{ sentUnits: String(back), refundedUnits: "0" },
          ...{ paidUnits: String(amountUnits), acknowledgedUnits: "0" },
        },
      });
      expect(shown?.out.capacityUnits).to.equal(String(limits.outCapacity));
      expect(BigInt(shown?.out.availableUnits ?? 0) < limits.outCapacity).to.equal(true);
      expect(shown?.refunds).to.deep.equal({
        availableUnits: String(limits.outCapacity),
        capacityUnits: String(limits.outCapacity),
        refillUnitsPerSecond: String(limits.outRefillPerSecond),
      });
      expect(shown?.tiers).to.deep.equal([
        { fromUnits: "0", confirmations: 1 },
        { fromUnits: "10000000000", confirmations: 3 },
        { fromUnits: "100000000000", confirmations: 8 },
      ]);
      const state = await book(blueprint, site.trader).state(cUSDT.address);
      expect(status.coordinator.reserves["cUSDT"]).to.include({
        reserveUnits: String(state.reserveUnits),
        requiredUnits: String(state.requiredUnits),
        peakUnitsPerMinute: String(state.peakUnitsPerMinute),
        latencySeconds: Number(state.latencySeconds),
        peg: "NORMAL",
      });
      const { lines } = toAnswer(status, blueprint.params);
      expect(lines).to.have.length(2 + 2 * 4 + 2);
      const { ccip } = blueprint;
      expect(status.ccip).to.include({
        ...{ adapter: ccip?.adapter.address, router: ccip?.router.address, remoteAdapter: ccip?.remoteAdapter },
        ...{ remoteChainId: 138, remoteSelector: "138138138", supported: true, heldUntil: null, gasLimit: 650_000 },
      });
      expect(status.ccip?.lanes["cUSDT"]).to.include({ mode: "MINT", bookUnits: "0" });
    });

    it("shows what is held and who is announced", async () => {
      const { blueprint, deployment } = deployed;
      const guardian = await site.impersonate(blueprint.roles.guardian);
      await bridge(blueprint, guardian).pause();
      await bridge(blueprint, governance).scheduleAttestors([site.trader.address], 1n);
      const now = (await site.provider.getBlock("latest"))?.timestamp ?? 0;
      const status = await readBridgeStatus(deployment, site.provider);
      expect(status.heldUntil).to.equal(now - 1 + 86_400);
      expect(status.attestors).to.deep.equal({
        ...{ epoch: 1, threshold: 2 },
        addresses: ascending(blueprint.params.bridge.attestors.first.addresses),
        scheduled: { addresses: [site.trader.address], threshold: 1, readyAt: now + 2 * 86_400 },
      });
      await site.chain.networkHelpers.time.increase(86_400);
      expect((await readBridgeStatus(deployment, site.provider)).heldUntil).to.equal(null);
    });
  });

  describe("deployment verify finds", () => {
    const changes: readonly [
      what: string,
      change: (plan: Blueprint, by: Signer) => Promise<{ wait(): Promise<unknown> }>,
      found: readonly string[],
    ][] = [
      [
        "an attestor who was removed",
        (plan, by) => bridge(plan, by).removeAttestor(plan.params.bridge.attestors.first.addresses[0] ?? ""),
        ["ROLE_MISSING AlltraCustomBridge.attestors"],
      ],
      [
        "attestors that were announced",
        (plan, by) => bridge(plan, by).scheduleAttestors([plan.roles.keeper], 1n),
        ["ROLE_EXTRA AlltraCustomBridge.scheduledAttestors"],
      ],
      [
        "another limit",
        (plan, by) =>
          bridge(plan, by).setLimits(lane(plan).token, { ...limitsOf(plan, lane(plan)), inCapacity: 2n ** 90n }),
        [
          "LIMIT_CHANGED AlltraCustomBridge.limits(cUSDT)",
          "LIMIT_CHANGED cUSDT.minterLimit(AlltraCustomBridge) for its lane",
        ],
      ],
      [
        "departures that were wider once, so that more may come back than the token lets in",
        async (plan, by) => {
          const limits = limitsOf(plan, lane(plan));
          const wider = { ...limits, outCapacity: limits.outCapacity + 1n };
          await (await bridge(plan, by).setLimits(lane(plan).token, wider)).wait();
          return bridge(plan, by).setLimits(lane(plan).token, limits);
        },
        ["LIMIT_CHANGED cUSDT.minterLimit(AlltraCustomBridge) for its lane"],
      ],
      [
        "fewer confirmations",
        (plan, by) => bridge(plan, by).setTiers(lane(plan).token, [{ fromUnits: 0n, confirmations: 1n }]),
        ["LIMIT_CHANGED AlltraCustomBridge.tiers(cUSDT)"],
      ],
      [
        "a token more that crosses",
        (plan, by) => bridge(plan, by).addLane(plan.gru.wrappedEther.address, 1n, limitsOf(plan, lane(plan))),
        ["LANE_CHANGED AlltraCustomBridge.tokens"],
      ],
      [
        "an adapter nobody intended",
        (plan, by) => bridge(plan, by).setAdapter(plan.router.address, true),
        ["ROLE_EXTRA AlltraCustomBridge.adapters"],
      ],
      [
        "an adapter that may not send any more",
        (plan, by) => bridge(plan, by).setAdapter(plan.bridge.adapter.address, false),
        ["ROLE_MISSING AlltraCustomBridge.isAdapter(AlltraAdapter)", "ROLE_MISSING AlltraCustomBridge.adapters"],
      ],
      [
        "another coordinator",
        (plan, by) => bridge(plan, by).setCoordinator(plan.router.address),
        ["WIRING_CHANGED AlltraCustomBridge.coordinator"],
      ],
      [
        "another guardian",
        (plan, by) => bridge(plan, by).setGuardian(plan.roles.keeper),
        ["ROLE_EXTRA AlltraCustomBridge.guardian"],
      ],
      [
        "an owner to come",
        (plan, by) => bridge(plan, by).transferOwnership(plan.roles.deployer),
        ["DEPLOYER_RIGHT AlltraCustomBridge.pendingOwner"],
      ],
      [
        "another fee",
        (plan, by) =>
          adapter(plan, by).setTerms(lane(plan).token, { ...adapterTermsOf(plan, lane(plan)), feeBps: 10n }),
        ["LIMIT_CHANGED AlltraAdapter.terms(cUSDT)"],
      ],
      [
        "a token that the adapter does not carry any more",
        (plan, by) => adapter(plan, by).removeTerms(lane(plan).token),
        ["LIMIT_CHANGED AlltraAdapter.terms(cUSDT)", "LANE_CHANGED AlltraAdapter.tokens"],
      ],
      [
        "another size of bucket D",
        (plan, by) =>
          book(plan, by).setSizing(lane(plan).token, { ...bridgeSizingOf(plan, lane(plan)), cooldownSeconds: 1n }),
        ["LIMIT_CHANGED BridgeReserveCoordinator.sizing(cUSDT)"],
      ],
      [
        "somebody else who rebalances",
        (plan, by) => book(plan, by).setKeeper(plan.roles.treasury, true),
        ["ROLE_EXTRA BridgeReserveCoordinator.keepers"],
      ],
      [
        "another route",
        (plan, by) => book(plan, by).setRoute(plan.bridge.adapter.address, 138n, plan.roles.keeper),
        ["WIRING_CHANGED BridgeReserveCoordinator.route"],
      ],
      [
        "a larger limit of the bridge's mints",
        (plan, by) =>
          token(plan, by).setMinterLimit({
            ...laneMinterLimitOf(plan, lane(plan), plan.bridge.bridge.address),
            mintCapacity: 2n ** 90n,
          }),
        ["LIMIT_CHANGED cUSDT.minterLimit(AlltraCustomBridge)"],
      ],
      [
        "a limit of the bridge's mints that is less than what its lane lets in and back",
        (plan, by) => {
          const limit = laneMinterLimitOf(plan, lane(plan), plan.bridge.bridge.address);
          return token(plan, by).setMinterLimit({ ...limit, mintCapacity: limit.mintCapacity - 1n });
        },
        [
          "LIMIT_CHANGED cUSDT.minterLimit(AlltraCustomBridge)",
          "LIMIT_CHANGED cUSDT.minterLimit(AlltraCustomBridge) for its lane",
        ],
      ],
      [
        "a bridge that may not mint any more",
        (plan, by) => token(plan, by).revokeRole(id("MINTER_ROLE"), plan.bridge.bridge.address),
        ["ROLE_MISSING cUSDT.MINTER_ROLE(AlltraCustomBridge)", "ROLE_MISSING cUSDT.MINTER_ROLE"],
      ],
      [
        "a bridge that its token may freeze",
        (plan, by) => token(plan, by).setSystemContract(plan.bridge.bridge.address, false),
        ["ROLE_MISSING cUSDT.isSystemContract(AlltraCustomBridge)", "ROLE_MISSING cUSDT.systemContracts"],
      ],
      [
        "another end over CCIP, and another guardian of it",
        async (plan, by) => {
          await (await ccip(plan, by).setGuardian(plan.roles.keeper)).wait();
          const open = {
            remoteAdapter: plan.roles.keeper,
            feeToken: ZeroAddress,
            gasLimit: 650_000n,
            legacyArgs: false,
          };
          return ccip(plan, by).setTransport(open);
        },
        ["ROLE_EXTRA CcipAdapter.guardian", "WIRING_CHANGED CcipAdapter.transport"],
      ],
      [
        "an adapter over CCIP that may not mint any more",
        (plan, by) => token(plan, by).revokeRole(id("MINTER_ROLE"), plan.ccip?.adapter.address ?? ""),
        ["ROLE_MISSING cUSDT.MINTER_ROLE(CcipAdapter)", "ROLE_MISSING cUSDT.MINTER_ROLE"],
      ],
      [
        "a token more that crosses over CCIP",
        (plan, by) => ccip(plan, by).addLane(plan.gru.wrappedEther.address, 1n, limitsOf(plan, lane(plan))),
        ["LANE_CHANGED CcipAdapter.tokens"],
      ],
      [
        "a bucket D that nobody may take",
        (plan, by) => CapitalBuckets__factory.connect(plan.reserves.buckets.address, by).setBridge(plan.roles.keeper),
        ["ROLE_EXTRA CapitalBuckets.bridge"],
      ],
    ];
    for (const { title, changes: together, found } of rounds(changes)) {
      it(title, async () => {
        for (const change of together) await (await change(deployed.blueprint, governance)).wait();
        expect(await differences()).to.have.members([...found]);
      });
    }

    it("parameters that ask for another mode, and other attestors than the first", async () => {
      const change = (edit: (copy: NetworkParams) => void) => differences(localParams(edit, NETWORK));
      const locked = await change((copy) => {
        if (copy.bridge.lanes.cUSDT !== null) copy.bridge.lanes.cUSDT.mode = "lock";
      });
      expect(locked).to.have.members([
        "RECORD_CHANGED record.params",
        "LANE_CHANGED AlltraCustomBridge.lane(cUSDT)",
        "ROLE_EXTRA cUSDT.MINTER_ROLE",
      ]);
      const [first, second] = localParams(undefined, NETWORK).params.bridge.attestors.first.addresses;
      const since = { addresses: [first ?? "", second ?? ""], threshold: 1 };
      // The bridge keeps its address: who attests later is no part of it.
      expect(await change((copy) => (copy.bridge.attestors.since = since))).to.have.members([
        "RECORD_CHANGED record.params",
        "LIMIT_CHANGED AlltraCustomBridge.attestorThreshold",
        "ROLE_EXTRA AlltraCustomBridge.attestors",
      ]);
    });

    it("other code in place of the bridge", async () => {
      await site.chain.networkHelpers.setCode(deployed.blueprint.bridge.bridge.address, "0x6001600055");
      expect(await differences()).to.include("CODE_CHANGED AlltraCustomBridge");
    });
  });
});
