import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { id } from "ethers";
import hre from "hardhat";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { AlltraCustomBridge__factory, M1Token__factory } from "../../../protocol/generated/contracts/index.js";
import { DEPLOYMENTS_FOLDER, loadParams } from "../../../protocol/params/load.js";
import type { NetworkParams } from "../../../protocol/params/schema.js";
import { createBlueprint, type Blueprint } from "../../../scripts/deploy/blueprint.js";
import { lanesOf, limitsOf } from "../../../scripts/deploy/bridge.js";
import { endDifferences, plannedEnd, type BridgeEnd } from "../../../scripts/deploy/bridgePair.js";
import { pairPlanDifferences } from "../../../scripts/deploy/pair.js";
import { FileStore, replaceFile } from "../../../scripts/deploy/store.js";
import { verifyPair, type PairResult } from "../../../scripts/deploy/verifyPair.js";
import { deployTask } from "../../../scripts/tasks/deploy.js";
import { verifyTask } from "../../../scripts/tasks/deployment/verify.js";
import type { TaskOutput } from "../../../scripts/tasks/report.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "../../helpers/deployment.js";

const HERE = "localhost";
const THERE = "localhost651940";
const NETWORKS = `${HERE},${THERE}`;

/** Both files after changes of the second. */
function plans(change: (copy: NetworkParams) => void, first: (copy: NetworkParams) => void = () => undefined) {
  return [createBlueprint(localParams(first)), createBlueprint(localParams(change, THERE))] as const;
}

function planned(...changes: Parameters<typeof plans>): string[] {
  return pairPlanDifferences(...plans(...changes)).map(({ code, id: what }) => `${code} ${what}`);
}

describe("two chains of one deployment", () => {
  describe("parameter files", () => {
    it("that are committed plan the same addresses, and differ in nothing but what a chain is", () => {
      const [here, there] = [localParams(), localParams(undefined, THERE)];
      expect(pairPlanDifferences(createBlueprint(here), createBlueprint(there))).to.deep.equal([]);
      const { bridge: end, ...rest } = there.params;
      const { bridge: home, ...first } = here.params;
      expect({ ...rest, chainId: first.chainId }).to.deep.equal(first);
      expect([home.remoteChainId, end.remoteChainId]).to.deep.equal([there.params.chainId, here.params.chainId]);
      const modeless = (lanes: object) =>
        Object.values(lanes).map((lane: object | null) => lane && { ...lane, mode: "" });
      const alike = ({ lanes, ccip, ...section }: NetworkParams["bridge"]) => ({
        ...{ ...section, remoteChainId: 0, lanes: modeless(lanes) },
        ccip: ccip && { ...ccip, router: {}, remoteChainId: 0, remoteSelector: "", lanes: modeless(ccip.lanes) },
      });
      expect(alike(end)).to.deep.equal(alike(home));
      for (const [lanes, mode] of [[home.lanes, "lock"] as const, [end.lanes, "mint"] as const]) {
        for (const lane of Object.values(lanes)) expect(lane?.mode).to.equal(mode);
      }
    });

    it("that ask for other addresses are found, each contract by its name", () => {
      const found = planned((copy) => (copy.tokens.XAU.name = "Another Ounce"));
      expect(found).to.include.members(["ADDRESS_DIFFERS XAU", "ADDRESS_DIFFERS XAUOracle"]);
      expect(found).to.not.include("ADDRESS_DIFFERS cUSDT");
      expect(planned((copy) => (copy.create2.salt = "another"))).to.include("ADDRESS_DIFFERS Timelock");
      const fewer = planned((copy) => copy.oracle.tokens.cUSDT.sources.pop());
      expect(fewer).to.deep.equal(["ADDRESS_DIFFERS SignedPriceFeed:cUSDT:3"]);
    });

    const lane = (copy: NetworkParams) => {
      const { XAU } = copy.bridge.lanes;
      if (XAU === null) throw new Error("XAU crosses");
      return XAU;
    };
    const ccipOf = (copy: NetworkParams) => {
      const { ccip } = copy.bridge;
      if (ccip === null) throw new Error("there is an adapter of CCIP");
      return ccip;
    };
    const ends: readonly [what: string, change: (copy: NetworkParams) => void, found: readonly string[]][] = [
      [
        "another peer",
        (copy) => (copy.bridge.remoteChainId = 1),
        ["ADDRESS_DIFFERS AlltraCustomBridge", "PEERS_DIFFER remoteBridge"],
      ],
      [
        "attestors that were announced on one chain only",
        (copy) => (copy.bridge.attestors.since = { ...copy.bridge.attestors.first, threshold: 3 }),
        ["ATTESTORS_DIFFER threshold"],
      ],
      ["two chains that lock", (copy) => (lane(copy).mode = "lock"), ["LANE_MODES_DIFFER lane(XAU)"]],
      ["a lane with one end", (copy) => (copy.bridge.lanes.XAU = null), ["LANE_MODES_DIFFER lane(XAU)"]],
      [
        "an adapter of CCIP that lets nothing in over there",
        (copy) => (ccipOf(copy).lanes.cUSDT = null),
        ["LANE_MODES_DIFFER ccip.lane(cUSDT)"],
      ],
      [
        "more that leaves over CCIP than is let in",
        (copy) => {
          const lane = ccipOf(copy).lanes.cUSDT;
          if (lane !== null) lane.in.refillUsdPerDay = "5999999";
        },
        ["LIMITS_DIFFER ccip.lane(cUSDT).refillPerSecond"],
      ],
      [
        "an adapter of CCIP on one chain only",
        (copy) => (copy.bridge.ccip = null),
        ["PEERS_DIFFER ccip.remoteAdapter", "LANE_MODES_DIFFER ccip.lane(cUSDT)"],
      ],
      [
        "more that leaves than is let in",
        (copy) => (lane(copy).in.capacityUsd = "999999"),
        ["LIMITS_DIFFER lane(XAU).capacity"],
      ],
    ];
    for (const [what, change, found] of ends) {
      it(`with ${what} are no two ends of one bridge`, () => {
        expect(planned(change)).to.include.members([...found]);
      });
    }

    it("PAIR-1 may name what each chain had before: what commits to it stands elsewhere, and the rest does not", () => {
      const [asset, other] = ["11", "22"].map((byte) => `0x${byte.repeat(20)}`) as [string, string];
      const adopt = (existing: string) => (copy: NetworkParams) => {
        copy.reserves.tokens.cUSDT.asset = { kind: "existing", existing, decimals: 6 };
        copy.dodo.reserveTokens.USDT = existing;
      };
      expect(planned(adopt(other), adopt(asset))).to.deep.equal([]);
      const [here, there] = plans(adopt(other), adopt(asset));
      expect(here.reserves.vaults.cUSDT.address).to.not.equal(there.reserves.vaults.cUSDT.address);
      expect(here.router.address).to.not.equal(there.router.address);
    });
  });

  describe("in one command", () => {
    let folder: string;
    let sites: Readonly<Record<string, DeploymentChain>>;
    /** The network whose node does not answer. */
    let silent: string | undefined;
    let restore: () => Promise<void>;
    /** What a dry run said, then a run with one chain gone, then the next one. */
    let told: readonly Told[];

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "cantilever-pair-"));
      cpSync(join(DEPLOYMENTS_FOLDER, "params"), join(folder, "params"), { recursive: true });
      sites = { [HERE]: await createDeploymentChain("sim138"), [THERE]: await createDeploymentChain("sim651940") };
      const dry = await run(NETWORKS, false);
      for (const site of Object.values(sites)) expect(await site.provider.getBlockNumber()).to.equal(0);
      silent = HERE;
      const broken = await run(NETWORKS, true);
      expect(new FileStore(HERE, folder).read()).to.equal(undefined);
      const early = await check();
      silent = undefined;
      told = [dry, broken, early, await run(NETWORKS, true)];
    });
    beforeEach(async () => {
      const snapshots = await Promise.all(Object.values(sites).map((site) => site.chain.networkHelpers.takeSnapshot()));
      const records = [HERE, THERE].map((name) => [name, new FileStore(name, folder).read()] as const);
      restore = async () => {
        for (const snapshot of snapshots) await snapshot.restore();
        for (const [name, record] of records) if (record !== undefined) new FileStore(name, folder).write(record);
      };
    });
    afterEach(() => restore());
    after(async () => {
      for (const site of Object.values(sites)) await site.chain.close();
      rmSync(folder, { recursive: true });
    });

    /** The runtime environment in which the two networks are the chains of this test. */
    function runtime(network?: string): HardhatRuntimeEnvironment {
      const create = (name: string) => {
        const site = sites[name];
        if (site === undefined || name === silent) return Promise.reject(new Error("connect ECONNREFUSED 127.0.0.1:1"));
        return Promise.resolve({ ethers: site.chain.ethers, close: () => Promise.resolve() });
      };
      return Object.create(hre, {
        globalOptions: { value: { ...hre.globalOptions, network } },
        network: { value: { create } },
      }) as HardhatRuntimeEnvironment;
    }

    interface Answer {
      readonly ok: boolean;
      readonly error?: { readonly code: string };
      readonly differences?: readonly { readonly code: string }[];
      readonly networks?: Readonly<
        Record<string, { ok: boolean; executed?: boolean; transactions?: number; error?: { code: string } }>
      >;
    }
    type Told = readonly [exitCode: number, answer: Answer];
    async function answerOf(task: (output: TaskOutput) => Promise<number>): Promise<Told> {
      const lines: string[] = [];
      const code = await task({ out: (line) => lines.push(line), err: () => undefined });
      return [code, JSON.parse(lines.at(-1) ?? "") as Answer];
    }
    const rest = () => ({ only: "", deployments: folder, programs: "", json: true });
    const run = (networks: string, execute: boolean, network?: string) =>
      answerOf((output) => deployTask({ ...rest(), networks, execute }, runtime(network), output));
    const check = () => answerOf((output) => verifyTask({ ...rest(), networks: NETWORKS }, runtime(), output));

    for (const [what, networks, network, code] of [
      ["beside --network", NETWORKS, HERE, "NETWORKS_CONFLICT"],
      ["one network", HERE, undefined, "NETWORKS_INVALID"],
      ["one network twice", `${HERE},${HERE}`, undefined, "NETWORKS_INVALID"],
      ["three networks", `${NETWORKS},alltra`, undefined, "NETWORKS_INVALID"],
      ["a Solana network", `${HERE},solana-localnet`, undefined, "NETWORKS_INVALID"],
      ["an unknown network", `${HERE},alltrra`, undefined, "UNKNOWN_NETWORK"],
    ] as const) {
      it(`${what} is a typed error`, async () => {
        const [exit, answer] = await run(networks, false, network);
        expect([exit, answer.error?.code]).to.deep.equal([2, code]);
      });
    }

    it("PAIR-2 a chain that fails leaves the other its record, and the next run makes up for it", () => {
      const [dry, broken, early, again] = told;
      expect([dry?.[0], dry?.[1].ok]).to.deep.equal([0, true]);
      expect([broken?.[0], broken?.[1].ok]).to.deep.equal([1, false]);
      expect(broken?.[1].networks?.[HERE]?.error?.code).to.equal("RPC_UNREACHABLE");
      expect(broken?.[1].networks?.[THERE]).to.include({ ok: true, executed: true });
      expect(early?.[1].error?.code).to.equal("NOT_DEPLOYED");
      expect([again?.[0], again?.[1].ok]).to.deep.equal([0, true]);
      expect(again?.[1].networks?.[THERE]?.transactions).to.equal(0);
      expect(again?.[1].networks?.[HERE]?.transactions).to.be.greaterThan(0);
    });

    it("PAIR-1 every contract stands at one address, and both fit each other", async () => {
      const records = [HERE, THERE].map((name) => new FileStore(name, folder).read());
      const [here, there] = records.map((record) =>
        Object.fromEntries(Object.entries(record?.contracts ?? {}).map(([name, entry]) => [name, entry.address])),
      );
      expect(Object.keys(here ?? {}).length).to.be.greaterThan(60);
      // Each commits to its own router; over there is the one that this one names.
      const alone = ["CcipRouter", "CcipAdapter"];
      const shared = (all: typeof here) =>
        Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => !alone.includes(name)));
      expect(shared(there)).to.deep.equal(shared(here));
      const [home, abroad] = plans(() => undefined);
      expect([home.ccip?.remoteAdapter, abroad.ccip?.remoteAdapter]).to.deep.equal([
        there?.["CcipAdapter"],
        here?.["CcipAdapter"],
      ]);
      expect(records.map((record) => record?.chainId)).to.deep.equal([138, 651940]);
      const [code, answer] = await check();
      const same = { ok: true, differences: [] };
      expect(code).to.equal(0);
      expect(answer).to.deep.equal({ ...same, networks: { [HERE]: same, [THERE]: same } });
    });

    it("PAIR-3 files that would make two deployments are shown by a dry run, and refused before anything is sent", async () => {
      const { params } = localParams((copy) => (copy.create2.salt = "another"), THERE);
      const file = join(folder, "params", `${THERE}.json`);
      const committed = readFileSync(file);
      try {
        replaceFile(file, params);
        const blocks = () => Promise.all(Object.values(sites).map((site) => site.provider.getBlockNumber()));
        const before = await blocks();
        const [, dry] = await run(NETWORKS, false);
        expect(dry.differences?.map(({ code }) => code)).to.include("ADDRESS_DIFFERS");
        const [exit, refused] = await run(NETWORKS, true);
        expect([exit, refused.error?.code]).to.deep.equal([1, "PAIR_DIFFERS"]);
        expect(await blocks()).to.deep.equal(before);
      } finally {
        writeFileSync(file, committed);
      }
    });

    describe("deployment verify", () => {
      let plan: Blueprint;
      before(() => {
        plan = createBlueprint(localParams());
      });

      const compare = (): Promise<PairResult> => {
        const [here, there] = [HERE, THERE].map((name) => {
          const site = sites[name];
          if (site === undefined) throw new Error(`there is no chain ${name}`);
          return { loaded: loadParams(name, folder), provider: site.provider, store: new FileStore(name, folder) };
        });
        if (here === undefined || there === undefined) throw new Error("there are two chains");
        return verifyPair(here, there);
      };
      const between = ({ differences }: PairResult) => differences.map(({ code, id: what }) => `${code} ${what}`);
      const siteOf = (name: string): DeploymentChain => {
        const site = sites[name];
        if (site === undefined) throw new Error(`there is no chain ${name}`);
        return site;
      };

      it("PAIR-4 finds a right that one chain gives and the other does not", async () => {
        const there = siteOf(THERE);
        const governance = await there.impersonate(plan.timelock.address);
        const token = M1Token__factory.connect(plan.tokens.cUSDT.address, governance);
        await token.grantRole(id("FREEZER_ROLE"), there.attacker.address);
        const result = await compare();
        expect(result.ok).to.equal(false);
        expect(result.networks[HERE]?.ok).to.equal(true);
        expect(result.networks[THERE]?.differences.map(({ code }) => code)).to.deep.equal(["ROLE_EXTRA"]);
        expect(between(result)).to.deep.equal(["ROLES_DIFFER cUSDT.FREEZER_ROLE"]);
        const { guardian } = plan.roles;
        expect(result.differences[0]?.found[HERE]).to.equal(guardian);
        expect(result.differences[0]?.found[THERE]?.split(", ")).to.have.members([guardian, there.attacker.address]);
      });

      /** The bridge of a chain in the hands of its timelock. */
      async function bridgeOf(name: string) {
        const governance = await siteOf(name).impersonate(plan.timelock.address);
        return AlltraCustomBridge__factory.connect(plan.bridge.bridge.address, governance);
      }

      it("PAIR-4 finds a set of attestors that shrank, or was announced, on one chain", async () => {
        const [first = ""] = localParams().params.bridge.attestors.first.addresses;
        await (await bridgeOf(THERE)).removeAttestor(first);
        const result = await compare();
        expect(between(result)).to.have.members([
          "ROLES_DIFFER AlltraCustomBridge.attestors",
          "ATTESTORS_DIFFER attestors",
        ]);
        await (await bridgeOf(HERE)).scheduleAttestors([siteOf(HERE).attacker.address], 1n);
        expect(between(await compare())).to.include("ATTESTORS_DIFFER scheduledAttestors");
      });

      it("PAIR-4 finds limits by which more leaves one chain than the other lets in", async () => {
        const { address } = plan.tokens.cEURT;
        const bridge = await bridgeOf(THERE);
        const { outCapacity, outRefillPerSecond, inRefillPerSecond, minUnits } = await bridge.limits(address);
        const limits = { outCapacity, outRefillPerSecond, inCapacity: outCapacity - 1n, inRefillPerSecond, minUnits };
        await bridge.setLimits(address, limits);
        const result = await compare();
        expect(between(result)).to.deep.equal(["LIMITS_DIFFER lane(cEURT).capacity"]);
        expect(result.differences[0]?.found).to.deep.equal({
          [HERE]: `out ${String(outCapacity)}`,
          [THERE]: `in ${String(outCapacity - 1n)}`,
        });
      });

      it("PAIR-4 finds a lane that only one chain has, and two ends that do not mean each other", async () => {
        const asset = plan.reserves.assets.cUSDT.address;
        const [first] = lanesOf(plan);
        if (first === undefined) throw new Error("there are lanes");
        await (await bridgeOf(HERE)).addLane(asset, 1n, limitsOf(plan, first));
        const extra = (await compare()).networks[HERE]?.differences.map(({ code, id: what }) => `${code} ${what}`);
        expect(extra).to.deep.equal(["LANE_CHANGED AlltraCustomBridge.tokens"]);

        const [here, there] = [plannedEnd(plan), plannedEnd(createBlueprint(localParams(undefined, THERE)))];
        const codesOf = (other: BridgeEnd) => endDifferences(here, other).map(({ code }) => code);
        expect(codesOf(there)).to.deep.equal([]);
        expect(codesOf({ ...there, remoteBridge: asset })).to.deep.equal(["PEERS_DIFFER"]);
        expect(codesOf({ ...there, chainId: 1n }), "the bridge, and CCIP").to.deep.equal([
          "PEERS_DIFFER",
          "PEERS_DIFFER",
        ]);
        expect(codesOf({ ...here, network: THERE })).to.include.members(["PEERS_DIFFER", "LANE_MODES_DIFFER"]);
      });

      it("finds other code, and another address in one record", async () => {
        const { limits, oracle } = plan;
        await siteOf(HERE).chain.networkHelpers.setCode(limits.address, "0x6001600055");
        const store = new FileStore(THERE, folder);
        const record = store.read();
        const entry = record?.contracts["XAUOracle"];
        if (record === undefined || entry === undefined) throw new Error("the oracle is recorded");
        store.write({
          ...record,
          contracts: { ...record.contracts, XAUOracle: { ...entry, address: limits.address } },
        });
        const result = await compare();
        expect(between(result)).to.include.members(["CODE_DIFFERS StabilizerLimits", "ADDRESS_DIFFERS XAUOracle"]);
        const address = result.differences.find(({ code }) => code === "ADDRESS_DIFFERS");
        expect(address?.found).to.deep.equal({ [HERE]: oracle.address, [THERE]: limits.address });
      });
    });
  });
});
