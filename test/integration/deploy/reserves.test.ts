import { expect } from "chai";
import { id, toBeHex, ZeroAddress, zeroPadValue, type ContractTransactionResponse } from "ethers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { connectContracts, type ProtocolContracts } from "../../../protocol/contracts.js";
import {
  CapitalBuckets__factory,
  FlashVault__factory,
  IGuardianPause__factory,
  M1Token__factory,
  PlainReserveSource__factory,
  PublicLiquidity__factory,
  PublicPmmPool__factory,
  ReserveSystem__factory,
  Stabilizer__factory,
  StablecoinReserveVault__factory,
  StandInToken__factory,
  XAUOracle__factory,
} from "../../../protocol/generated/contracts/index.js";
import { reservedTokenNames, tokenNames } from "../../../protocol/params/schema.js";
import type { Blueprint } from "../../../scripts/deploy/blueprint.js";
import { BUCKET, bucketStart } from "../../../scripts/deploy/bucketFunding.js";
import type { DeployResult } from "../../../scripts/deploy/deploy.js";
import { feesOf, mintLimitOf, policyOf, sizingOf, termsOf } from "../../../scripts/deploy/reserveAmounts.js";
import type { DifferenceCode } from "../../../scripts/deploy/types.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, localParams, type DeploymentChain } from "../../helpers/deployment.js";
import { rounds } from "../../helpers/rounds.js";

const NAMES = [
  ...reservedTokenNames.flatMap((name) => [`ReserveAsset:${name}`, `ReserveFeed:${name}:1`, `ReserveVault:${name}`]),
  "ReserveOracle",
  "ReserveSystem",
  "CapitalBuckets",
  "FlashVault",
  "PublicLiquidity",
];
const MINT_OPEN = 0n;

describe("deployment of the reserves", () => {
  let site: DeploymentChain;
  let deployed: DeployResult;
  let contracts: ProtocolContracts;
  let governance: HardhatEthersSigner;
  let restore: () => Promise<void>;

  before(async () => {
    site = await createDeploymentChain();
    deployed = await site.execute();
    contracts = connectContracts(deployed.deployment, site.provider);
    governance = await site.impersonate(deployed.blueprint.timelock.address);
  });
  beforeEach(async () => {
    const snapshot = await site.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => site.chain.close());

  /** `CODE id` of everything that verification finds. */
  async function differences(loaded = site.options.loaded): Promise<string[]> {
    const { differences: found } = await verify({ ...site.options, loaded });
    return found.map(({ code, id: what }) => `${code} ${what}`);
  }

  it("plans everything without sending anything, then makes and records it, and does nothing the second time", async () => {
    const fresh = await createDeploymentChain();
    try {
      const dry = await fresh.execute({ execute: false });
      expect(dry.transactions).to.equal(0);
      const missing = dry.differences.filter(({ code }) => code === "CONTRACT_MISSING").map(({ id: what }) => what);
      expect(missing).to.include.members(NAMES);
      const settings = dry.differences.filter(({ kind }) => kind === "setting").map(({ id: what }) => what);
      expect(settings).to.include.members([
        "ReserveOracle.tokenConfig(ReserveAsset:cUSDC)",
        "ReserveOracle.tokenConfig(cEURT)",
        "ReserveVault:cUSDC.fees",
        "cUSDC.minterLimit(ReserveVault:cUSDC)",
        "cUSDC.MINTER_ROLE(ReserveVault:cUSDC)",
        "cUSDC.REDEEMER_ROLE(ReserveVault:cUSDC)",
        "ReserveSystem.sizing(cUSDC)",
        "ReserveSystem.reporters(cUSDC)",
        "Stabilizer.buckets",
        "CapitalBuckets.holderOf(B)",
        "CapitalBuckets.policy(stabilization, XAU)",
        "CapitalBuckets.funded(XAU)",
      ]);
    } finally {
      await fresh.chain.close();
    }
    for (const name of NAMES) {
      const entry = deployed.record.contracts[name];
      expect(entry?.deployTx, name).to.match(/^0x[0-9a-f]{64}$/);
    }
    const again = await site.execute();
    expect(again.transactions).to.equal(0);
    expect(await differences()).to.deep.equal([]);
  });

  it("opens the vaults: every token is backed, minting is open, and both rights are the vault's alone", async () => {
    const { blueprint } = deployed;
    for (const name of reservedTokenNames) {
      const vault = contracts.vault(name);
      const token = M1Token__factory.connect(blueprint.tokens[name].address, site.provider);
      const supply = await token.totalSupply();
      expect(await vault.assetsHeld(), name).to.equal(supply);
      expect(await vault.fees()).to.deep.equal(Object.values(feesOf(blueprint, name)));
      const [reason] = await vault.mintStatus(1_000_000n);
      expect(reason, name).to.equal(MINT_OPEN);
      expect(await token.mintAvailable(vault)).to.equal(mintLimitOf(blueprint, name).mintCapacity);
      expect(await token.burnAvailable(vault)).to.equal(0n);
      expect(await vault.parToken(), name).to.equal(name === "cEURT" ? blueprint.tokens.cEURT.address : ZeroAddress);

      const { reserveUnits, windowUnits, peakUnits } = await contracts.reserves.state(token);
      expect(reserveUnits).to.equal(supply + bucketStart(blueprint, name).reserve);
      expect(windowUnits, "the first filling is no outflow").to.equal(0n);
      expect(peakUnits).to.equal(sizingOf(blueprint, name).minPeakUnits);
    }
  });

  it("fills C, D and E as the parameters say, gives A the pools' shares and B to the stabilizer", async () => {
    const { blueprint } = deployed;
    const { buckets, publicLiquidity, flashVault } = contracts;
    for (const name of tokenNames) {
      const token = contracts.token(name);
      const start = bucketStart(blueprint, name);
      for (const bucket of ["flash", "crossChain", "reserve"] as const) {
        expect(await buckets.bucketUnits(BUCKET[bucket], token), `${bucket} ${name}`).to.equal(start[bucket]);
      }
      expect(await token.balanceOf(flashVault)).to.equal(start.flash);
      expect(await token.balanceOf(buckets)).to.equal(start.crossChain + start.reserve);
      expect(await buckets.bucketUnits(BUCKET.stabilization, token)).to.equal(
        await token.balanceOf(blueprint.stabilizer.address),
      );
      const { targetUnits, lowUnits } = await buckets.policy(BUCKET.stabilization, token);
      expect(targetUnits, "B begins at its target").to.equal(await buckets.bucketUnits(BUCKET.stabilization, token));
      expect(lowUnits).to.equal(policyOf(blueprint, "stabilization", name).lowUnits);
      const inPools = await Promise.all(
        blueprint.pools
          .filter((pool) => pool.base === name || pool.quote === name)
          .map(async (pool) => {
            const reserves = await contracts.pool(pool.pair).getVaultReserve();
            return pool.base === name ? reserves.baseReserve : reserves.quoteReserve;
          }),
      );
      const held = await buckets.bucketUnits(BUCKET.publicLiquidity, token);
      const all = inPools.reduce((sum, units) => sum + units, 0n);
      // All but what the pools keep of their first shares for ever.
      expect(all - held < all / 1_000_000n, name).to.equal(true);
    }
    for (const pool of blueprint.pools) {
      const shares = PublicPmmPool__factory.connect(pool.address, site.provider);
      expect(await shares.balanceOf(blueprint.timelock.address)).to.equal(0n);
      expect((await shares.balanceOf(publicLiquidity)) > 0n).to.equal(true);
    }
    expect(await buckets.terms()).to.deep.equal(Object.values(termsOf(blueprint)));
  });

  it("belongs to the timelock, and the guardian pauses what may be paused", async () => {
    const { reserves, timelock, roles } = deployed.blueprint;
    const vaults = Object.values(reserves.vaults);
    for (const { name, address } of [
      ...vaults,
      ...[reserves.buckets, reserves.flashVault, reserves.publicLiquidity, reserves.system, reserves.oracle],
    ]) {
      expect(await ReserveSystem__factory.connect(address, site.provider).owner(), name).to.equal(timelock.address);
    }
    const guardian = await site.impersonate(roles.guardian);
    for (const { name, address } of [...vaults, reserves.buckets, reserves.flashVault]) {
      const handle = IGuardianPause__factory.connect(address, guardian);
      expect(await handle.guardian(), name).to.equal(roles.guardian);
      await handle.pause();
      expect((await handle.pausedUntil()) > 0n, name).to.equal(true);
    }
    // A pause is no change of what governance has set.
    expect(await differences()).to.deep.equal([]);
  });

  it("funds nothing where nothing is funded, and still measures", async () => {
    const fresh = await createDeploymentChain();
    try {
      const loaded = localParams((copy) => (copy.funding.source = "none"));
      const { deployment } = await fresh.execute({ loaded });
      const { buckets, reserves } = connectContracts(deployment, fresh.provider);
      for (const name of reservedTokenNames) {
        expect(await buckets.bucketUnits(BUCKET.reserve, deployment.token(name))).to.equal(0n);
        expect(await reserves.isRegistered(deployment.token(name))).to.equal(true);
      }
      expect((await verify({ ...fresh.options, loaded })).differences).to.deep.equal([]);
    } finally {
      await fresh.chain.close();
    }
  });

  describe("deployment verify finds", () => {
    type Change = (plan: Blueprint, by: HardhatEthersSigner) => Promise<ContractTransactionResponse>;
    const vault = (plan: Blueprint, by: HardhatEthersSigner) =>
      StablecoinReserveVault__factory.connect(plan.reserves.vaults.cUSDC.address, by);
    const system = (plan: Blueprint, by: HardhatEthersSigner) =>
      ReserveSystem__factory.connect(plan.reserves.system.address, by);
    const buckets = (plan: Blueprint, by: HardhatEthersSigner) =>
      CapitalBuckets__factory.connect(plan.reserves.buckets.address, by);
    const flash = (plan: Blueprint, by: HardhatEthersSigner) =>
      FlashVault__factory.connect(plan.reserves.flashVault.address, by);
    const cUSDC = (plan: Blueprint, by: HardhatEthersSigner) => M1Token__factory.connect(plan.tokens.cUSDC.address, by);

    const changes: readonly [what: string, change: Change, found: readonly `${DifferenceCode} ${string}`[]][] = [
      [
        "another fee of a vault",
        (plan, by) => vault(plan, by).setFees({ mintFeeWad: 0n, redeemFeeWad: 0n }),
        ["LIMIT_CHANGED ReserveVault:cUSDC.fees"],
      ],
      [
        "a wider band",
        (plan, by) => vault(plan, by).setMinRatio(9n * 10n ** 17n),
        ["LIMIT_CHANGED ReserveVault:cUSDC.minRatioWad"],
      ],
      [
        "another attestation",
        (plan, by) =>
          vault(plan, by).setAttestation({ feed: plan.reserves.feeds.cUSDC[0]?.address ?? "", maxAgeSeconds: 1n }),
        ["LIMIT_CHANGED ReserveVault:cUSDC.attestation"],
      ],
      [
        "fees that go elsewhere",
        (plan, by) => vault(plan, by).setFeeRecipient(plan.roles.treasury),
        ["WIRING_CHANGED ReserveVault:cUSDC.feeRecipient"],
      ],
      [
        "a guardian nobody intended",
        (plan, by) => vault(plan, by).setGuardian(plan.roles.keeper),
        ["ROLE_EXTRA ReserveVault:cUSDC.guardian"],
      ],
      [
        "a guardian who is gone",
        (plan, by) => flash(plan, by).setGuardian(ZeroAddress),
        ["ROLE_MISSING FlashVault.guardian"],
      ],
      [
        "a larger limit of a vault's mints",
        (plan, by) =>
          cUSDC(plan, by).setMinterLimit({ ...mintLimitOf(plan, "cUSDC"), mintRefillPerSecond: 10n ** 12n }),
        ["LIMIT_CHANGED cUSDC.minterLimit(ReserveVault:cUSDC)"],
      ],
      [
        "a vault that may not redeem any more",
        (plan, by) => cUSDC(plan, by).revokeRole(id("REDEEMER_ROLE"), plan.reserves.vaults.cUSDC.address),
        ["ROLE_MISSING cUSDC.REDEEMER_ROLE(ReserveVault:cUSDC)", "ROLE_MISSING cUSDC.REDEEMER_ROLE"],
      ],
      [
        "somebody else who redeems",
        (plan, by) => cUSDC(plan, by).grantRole(id("REDEEMER_ROLE"), plan.roles.keeper),
        ["ROLE_EXTRA cUSDC.REDEEMER_ROLE"],
      ],
      [
        "another size of a reserve",
        (plan, by) =>
          system(plan, by).setSizing(plan.tokens.cUSDC.address, { ...sizingOf(plan, "cUSDC"), replenishSeconds: 60n }),
        ["LIMIT_CHANGED ReserveSystem.sizing(cUSDC)"],
      ],
      [
        "a vault whose reserve does not count",
        (plan, by) =>
          system(plan, by).setReporter(plan.tokens.cUSDC.address, plan.reserves.vaults.cUSDC.address, false),
        ["ROLE_MISSING ReserveSystem.reporters(cUSDC)"],
      ],
      [
        "another limit of moves",
        (plan, by) => buckets(plan, by).setMoveLimit(plan.tokens.XAU.address, 10n ** 18n),
        ["LIMIT_CHANGED CapitalBuckets.moveLimit(XAU)"],
      ],
      [
        "another policy",
        (plan, by) =>
          buckets(plan, by).setPolicy(BUCKET.stabilization, plan.tokens.cEURT.address, {
            ...policyOf(plan, "stabilization", "cEURT"),
            cooldownSeconds: 1n,
          }),
        ["LIMIT_CHANGED CapitalBuckets.policy(stabilization, cEURT)"],
      ],
      [
        "a policy for a reserve asset",
        (plan, by) =>
          buckets(plan, by).setPolicy(
            BUCKET.stabilization,
            plan.reserves.assets.cUSDC.address,
            policyOf(plan, "stabilization", "cUSDC"),
          ),
        ["LIMIT_CHANGED CapitalBuckets.policy(stabilization, ReserveAsset:cUSDC)"],
      ],
      [
        "other terms",
        (plan, by) => buckets(plan, by).setTerms({ ...termsOf(plan), feeWad: 0n }),
        ["LIMIT_CHANGED CapitalBuckets.terms"],
      ],
      [
        "another peg board",
        (plan, by) => buckets(plan, by).setPegBoard(plan.lens.address),
        ["WIRING_CHANGED CapitalBuckets.pegBoard"],
      ],
      ["a bridge", (plan, by) => buckets(plan, by).setBridge(plan.roles.keeper), ["ROLE_EXTRA CapitalBuckets.bridge"]],
      [
        "a token more in the buckets",
        (plan, by) => buckets(plan, by).addToken(plan.gru.wrappedEther.address, 10n ** 18n),
        ["WIRING_CHANGED CapitalBuckets.tokens"],
      ],
      [
        "another fee of loans",
        (plan, by) => flash(plan, by).setFee(plan.tokens.cUSDC.address, 10n ** 12n),
        ["LIMIT_CHANGED FlashVault.feeWad(cUSDC)"],
      ],
      [
        "loans of another token",
        (plan, by) => flash(plan, by).setFee(plan.reserves.assets.cUSDC.address, 10n ** 12n),
        ["WIRING_CHANGED FlashVault.tokens"],
      ],
      [
        "a pool more in bucket A",
        (plan, by) =>
          PublicLiquidity__factory.connect(plan.reserves.publicLiquidity.address, by).addPool(
            plan.meshPools[0]?.address ?? "",
          ),
        ["POOL_EXTRA PublicLiquidity.pools"],
      ],
      [
        "an owner to come",
        (plan, by) => buckets(plan, by).transferOwnership(plan.roles.keeper),
        ["OWNER_CHANGED CapitalBuckets.pendingOwner"],
      ],
      [
        "a holder that its token may freeze",
        (plan, by) => cUSDC(plan, by).setSystemContract(plan.reserves.flashVault.address, false),
        ["ROLE_MISSING cUSDC.isSystemContract(FlashVault)", "ROLE_MISSING cUSDC.systemContracts"],
      ],
      [
        "an asset without a price",
        (plan, by) =>
          XAUOracle__factory.connect(plan.reserves.oracle.address, by).removeToken(plan.reserves.assets.cUSDT.address),
        [
          "ORACLE_FEED_CHANGED ReserveOracle.tokenConfig(ReserveAsset:cUSDT)",
          "ORACLE_FEED_CHANGED ReserveOracle.tokens",
        ],
      ],
    ];
    for (const { title, changes: together, found } of rounds(changes)) {
      it(title, async () => {
        for (const change of together) await (await change(deployed.blueprint, governance)).wait();
        expect(await differences()).to.have.members([...found]);
      });
    }

    it("a reporter nobody intended", async () => {
      const { tokens } = deployed.blueprint;
      const source = await new PlainReserveSource__factory(site.attacker).deploy(contracts.reserves);
      await contracts.reserves.connect(governance).setReporter(tokens.cUSDC.address, source, true);
      expect(await differences()).to.deep.equal(["ROLE_EXTRA ReserveSystem.reporters(cUSDC)"]);
    });

    it("another holder of a bucket, once the old one is empty", async () => {
      const { blueprint } = deployed;
      const another = await new FlashVault__factory(site.attacker).deploy(blueprint.timelock.address);
      const owned = contracts.buckets.connect(governance);
      await site.chain.networkHelpers.time.increase(86_400);
      for (const name of tokenNames) {
        const { flash: units } = bucketStart(blueprint, name);
        await owned.move(blueprint.tokens[name].address, BUCKET.flash, BUCKET.reserve, units);
      }
      expect(await differences(), "what lies where is no setting").to.deep.equal([]);
      await owned.setHolder(BUCKET.flash, another);
      expect(await differences()).to.deep.equal(["WIRING_CHANGED CapitalBuckets.holderOf(C)"]);
    });

    it("other buckets of the stabilizer, which can be named only once", async () => {
      const { stabilizer, reserves } = deployed.blueprint;
      const handle = Stabilizer__factory.connect(stabilizer.address, site.provider);
      const word = zeroPadValue(reserves.buckets.address, 32).toLowerCase();
      let slot = 0n;
      while ((await site.provider.getStorage(stabilizer.address, slot)) !== word) slot += 1n;
      const put = (account: string) =>
        site.chain.networkHelpers.setStorageAt(stabilizer.address, toBeHex(slot), zeroPadValue(account, 32));
      await put(site.attacker.address);
      expect(await handle.buckets()).to.equal(site.attacker.address);
      expect(await differences()).to.deep.equal(["ROLE_EXTRA Stabilizer.buckets"]);
      await put(ZeroAddress);
      expect(await differences()).to.deep.equal(["ROLE_MISSING Stabilizer.buckets"]);
    });

    it("another stand-in under a vault, and parameters that ask for one", async () => {
      const { reserves } = deployed.blueprint;
      const other = await new StandInToken__factory(site.attacker).deploy("Tether USD stand-in", "USDT", 8);
      await site.chain.networkHelpers.setCode(reserves.assets.cUSDT.address, await site.provider.getCode(other));
      expect(await differences()).to.include.members([
        "CODE_CHANGED ReserveAsset:cUSDT",
        "CONSTRUCTOR_ARGUMENT ReserveAsset:cUSDT.decimals",
      ]);
      await restore();
      const loaded = localParams((copy) => {
        copy.reserves.tokens.cUSDT.asset = { kind: "stand-in", name: "Another", symbol: "USDT", decimals: 6 };
      });
      // Another asset is another vault: its address commits to it.
      expect(await differences(loaded)).to.include.members([
        "CONTRACT_MISSING ReserveAsset:cUSDT",
        "CONTRACT_MISSING ReserveVault:cUSDT",
      ]);
    });
  });
});
