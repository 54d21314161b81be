import { expect } from "chai";
import { Wallet } from "ethers";

import { connectContracts } from "../../../protocol/contracts.js";
import { ISignedPriceFeed__factory, PlainERC20__factory } from "../../../protocol/generated/contracts/index.js";
import { loadParams, parseParams, type LoadedParams } from "../../../protocol/params/load.js";
import { reservedTokenNames, tokenNames } from "../../../protocol/params/schema.js";
import { asRevertError } from "../../../protocol/revert.js";
import { encodeSubmit, feedIdOf, SIGNED_ROUND_TYPES, signedRoundDomain } from "../../../protocol/signedRound.js";
import { createBlueprint } from "../../../scripts/deploy/blueprint.js";
import { deploy } from "../../../scripts/deploy/deploy.js";
import { MemoryStore } from "../../../scripts/deploy/store.js";
import { verify } from "../../../scripts/deploy/verify.js";
import { createDeploymentChain, errorOf, type DeploymentChain } from "../../helpers/deployment.js";

const wallet = (byte: string) => new Wallet(`0x${byte.repeat(32)}`);
const deployerKey = wallet("d1");
const reporterKeys = [wallet("a1"), wallet("a2"), wallet("a3")];
const guardian = wallet("b1").address;
const keeper = wallet("b2").address;
const treasury = wallet("b3").address;
/** Where the reserve assets of the chain stand. */
const ASSETS = { cUSDT: wallet("e1").address, cUSDC: wallet("e2").address, cEURT: wallet("e3").address };
const PRICE_DECIMALS = 10n ** 8n;
const PRICES = {
  cUSDT: PRICE_DECIMALS,
  cUSDC: PRICE_DECIMALS,
  cEURT: (PRICE_DECIMALS * 11n) / 10n,
  XAU: PRICE_DECIMALS * 2_650n,
};

/** The committed file of chain 138 with everything decided. */
function decided(admin: string): LoadedParams {
  const copy = structuredClone(loadParams("chain138").params);
  Object.assign(copy.roles, { deployer: deployerKey.address, admin, guardian, keeper, treasury });
  copy.reporters.addresses = reporterKeys.map((key) => key.address);
  copy.bridge.attestors.first.addresses = reporterKeys.map((key) => key.address);
  for (const name of reservedTokenNames) {
    copy.reserves.tokens[name].asset = { kind: "existing", existing: ASSETS[name], decimals: 6 };
  }
  return parseParams("chain138", JSON.stringify(copy));
}

describe("deploy on a live network", () => {
  let site: DeploymentChain;
  beforeEach(async () => {
    site = await createDeploymentChain();
    await site.chain.networkHelpers.setBalance(deployerKey.address, 10n ** 20n);
  });
  afterEach(() => site.chain.close());

  async function reportAll(loaded: LoadedParams): Promise<void> {
    const plan = createBlueprint(loaded);
    const block = await site.provider.getBlock("latest");
    for (const name of tokenNames) {
      for (const { address, source } of plan.feeds[name]) {
        if (source.kind !== "signed") continue;
        const round = { roundId: 1n, answer: PRICES[name], observedAt: BigInt(block?.timestamp ?? 0) };
        const domain = signedRoundDomain(feedIdOf({ description: source.description, decimals: 8 }));
        const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
        const signatures = await Promise.all(
          reporterKeys
            .slice(1)
            .map(async (key) => ({ signer: key.address, signature: await key.signTypedData(domain, types, round) })),
        );
        await site.attacker.sendTransaction({ to: address, data: encodeSubmit(round, signatures) });
      }
    }
  }

  it("stops where people must act, says what to do, and goes on from there to empty pools under the multisig", async () => {
    const admin = wallet("c1").address;
    const loaded = decided(admin);
    const store = new MemoryStore();
    const signer = deployerKey.connect(site.provider);
    const options = { ...site.options, loaded, store, signer, execute: true, timeoutMs: 5_000 };
    const asset = await new PlainERC20__factory(site.attacker).deploy("a reserve asset", 6);
    for (const address of Object.values(ASSETS)) {
      await site.chain.networkHelpers.setCode(address, await site.provider.getCode(asset));
    }

    const silent = await errorOf(deploy(options));
    expect(silent.code).to.equal("WAITING_FOR_OUTSIDE");
    expect(silent.details["setting"]).to.equal("SignedPriceFeed:cUSDT:1.hasRound");
    expect(silent.fix).to.contain("price-reporter");

    await reportAll(loaded);
    // No multisig at its address yet: whoever makes a contract there would govern. Nothing is handed over.
    const missing = await errorOf(deploy(options));
    expect(missing.details["setting"]).to.equal("roles.admin.code");
    const plan = createBlueprint(loaded);
    const timelock = await site.chain.ethers.getContractAt("Timelock", plan.timelock.address);
    expect(await timelock.getMinDelay()).to.equal(0n);

    const multisig = await new PlainERC20__factory(site.attacker).deploy("stands for a multisig", 0);
    await site.chain.networkHelpers.setCode(admin, await site.provider.getCode(multisig));
    const { deployment } = await deploy({ ...options, timeoutMs: 60_000 });
    expect(await timelock.getMinDelay()).to.equal(BigInt(loaded.params.roles.timelockDelaySeconds));
    expect(await verify({ loaded, provider: site.provider, store })).to.deep.equal({ ok: true, differences: [] });

    const contracts = connectContracts(deployment, site.provider);
    for (const name of tokenNames) expect(await contracts.token(name).totalSupply()).to.equal(0n);
    for (const name of reservedTokenNames) {
      const [reason] = await contracts.vault(name).mintStatus(1_000_000n);
      expect(reason, `${name} without a price of its asset`).to.equal(2n);
      const { reserveUnits, tier } = await contracts.reserves.state(deployment.token(name));
      expect([reserveUnits, tier], name).to.deep.equal([0n, 0n]);
    }
    const pool = contracts.pool("cUSDT/cUSDC");
    const refused = await pool.querySellBase(site.trader, 1n).catch((error: unknown) => error);
    expect(asRevertError(refused, "asking a price")).to.include({ revertName: "EmptyPool" });
    expect(
      await ISignedPriceFeed__factory.connect(deployment.feeds("XAU")[0] ?? "", site.provider).signers(),
    ).to.have.length(3);
  });

  it("refuses a reserve asset of other decimals before it makes a vault", async () => {
    const loaded = decided(wallet("c1").address);
    const signer = deployerKey.connect(site.provider);
    const options = { ...site.options, loaded, store: new MemoryStore(), signer, execute: true, timeoutMs: 60_000 };
    const asset = await new PlainERC20__factory(site.attacker).deploy("a reserve asset", 18);
    await deploy({ ...options, only: "010_timelock" });
    await deploy({ ...options, only: "020_tokens" });
    expect((await errorOf(deploy({ ...options, only: "116_reserve" }))).code).to.equal("FOREIGN_CODE");
    for (const address of Object.values(ASSETS)) {
      await site.chain.networkHelpers.setCode(address, await site.provider.getCode(asset));
    }
    const error = await errorOf(deploy({ ...options, only: "116_reserve" }));
    expect(error.code).to.equal("DECIMALS_MISMATCH");
    expect(error.details["setting"]).to.equal("ReserveAsset:cUSDT.decimals");
  });

  it("asks for undecided roles before anything else", async () => {
    const error = await errorOf(deploy({ ...site.options, loaded: loadParams("chain138") }));
    expect(error.code).to.equal("PARAM_UNSET");
  });
});
