import { getAddress, ZeroAddress } from "ethers";

import {
  DODOPMMIntegration__factory,
  DODOPMMProvider__factory,
  EnhancedSwapRouter__factory,
  Ledger__factory,
  PegLens__factory,
  PmmFactory__factory,
  PrivatePmmPool__factory,
  PublicPmmPool__factory,
  SignedPriceFeed__factory,
  StablecoinPegManager__factory,
  Stabilizer__factory,
  StabilizerLimits__factory,
  XAUOracle__factory,
  XauMesh__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { allFeeds, FEED_DECIMALS } from "./blueprint.js";
import { ceilingsOf, poolConfig } from "./pools.js";
import { answer, outside, outputType, structText } from "./setting.js";
import type { PlannedContract, Setting, StepContext } from "./types.js";

const FIX =
  "this value is fixed when the contract is made: the code at this address is not what the parameters ask for";

/**
 * What constructors were given, read back from the contracts. The CREATE2 address commits to the arguments already; this says what the
 * code that now lies there answers.
 */
export function constructed(context: StepContext): Setting[] {
  return [...core(context), ...poolCode(context), ...feeds(context), ...dodo(context)];
}

/** A getter that must give back a constructor argument. */
export function fixed(
  contract: PlannedContract,
  name: string,
  expected: unknown,
  read: () => Promise<unknown>,
): Setting {
  const id = `${contract.name}.${name}`;
  return outside(id, contract.address, String(expected), () => answer(read()), FIX, { code: "CONSTRUCTOR_ARGUMENT" });
}

function core({ plan, provider }: StepContext): Setting[] {
  const xau = plan.tokens.XAU.address;
  const { oracle, limits, mesh, stabilizer, ledger, lens, pmmFactory } = plan;
  const oracleHandle = contractAt(XAUOracle__factory, oracle.address, provider);
  const limitsHandle = contractAt(StabilizerLimits__factory, limits.address, provider);
  const stabilizerHandle = contractAt(Stabilizer__factory, stabilizer.address, provider);
  const lensHandle = contractAt(PegLens__factory, lens.address, provider);
  const factoryHandle = contractAt(PmmFactory__factory, pmmFactory.address, provider);
  const managers = [plan.stablecoinPegManager, plan.commodityPegManager];
  const ceilings = outputType(limitsHandle.interface.getFunction("ceilings").outputs);
  return [
    fixed(oracle, "xau", xau, () => oracleHandle.xau()),
    fixed(oracle, "graceBlocks", plan.params.oracle.graceBlocks, () => oracleHandle.graceBlocks()),
    fixed(oracle, "maxBlockSeconds", plan.params.oracle.maxBlockSeconds, () => oracleHandle.maxBlockSeconds()),
    ...managers.map((manager) =>
      fixed(manager, "oracle", oracle.address, () =>
        contractAt(StablecoinPegManager__factory, manager.address, provider).oracle(),
      ),
    ),
    fixed(mesh, "xau", xau, () => contractAt(XauMesh__factory, mesh.address, provider).xau()),
    fixed(ledger, "oracle", oracle.address, () => contractAt(Ledger__factory, ledger.address, provider).oracle()),
    fixed(limits, "oracle", oracle.address, () => limitsHandle.oracle()),
    fixed(limits, "ceilings", structText(ceilings, ceilingsOf(plan.params)), async () =>
      structText(ceilings, await limitsHandle.ceilings()),
    ),
    fixed(stabilizer, "limits", limits.address, () => stabilizerHandle.limits()),
    fixed(stabilizer, "mesh", mesh.address, () => stabilizerHandle.mesh()),
    fixed(lens, "limits", limits.address, () => lensHandle.limits()),
    fixed(lens, "oracle", oracle.address, () => lensHandle.oracle()),
    fixed(pmmFactory, "oracle", oracle.address, () => factoryHandle.oracle()),
    fixed(pmmFactory, "stabilizer", stabilizer.address, () => factoryHandle.stabilizer()),
  ];
}

/** What all pools share lies in the code of their implementations. */
function poolCode({ plan, provider }: StepContext): Setting[] {
  const config = poolConfig(plan.params, plan.oracle.address, plan.stabilizer.address, plan.roles.treasury);
  const implementations = [
    { contract: plan.publicPool, handle: contractAt(PublicPmmPool__factory, plan.publicPool.address, provider) },
    { contract: plan.privatePool, handle: contractAt(PrivatePmmPool__factory, plan.privatePool.address, provider) },
  ];
  return implementations.flatMap(({ contract, handle }) => [
    fixed(contract, "oracle", config.oracle, () => handle.oracle()),
    fixed(contract, "stabilizer", config.stabilizer, () => handle.stabilizer()),
    fixed(contract, "_MAINTAINER_", config.maintainer, () => handle._MAINTAINER_()),
    fixed(contract, "mtFeeRate", config.mtFeeRate, () => handle.mtFeeRate()),
    fixed(contract, "flashFeeRate", config.flashFeeRate, () => handle.flashFeeRate()),
    fixed(contract, "parameterDelay", config.parameterDelay, () => handle.parameterDelay()),
  ]);
}

function feeds({ plan, provider }: StepContext): Setting[] {
  return allFeeds(plan).flatMap(({ contract, source, minAnswer, maxAnswer }): Setting[] => {
    if (contract === undefined || source.kind !== "signed") return [];
    const feed = contractAt(SignedPriceFeed__factory, contract.address, provider);
    return [
      fixed(contract, "description", source.description, () => feed.description()),
      fixed(contract, "decimals", FEED_DECIMALS, () => feed.decimals()),
      fixed(contract, "threshold", plan.params.reporters.threshold, () => feed.threshold()),
      fixed(contract, "minGapBlocks", plan.params.oracle.minRoundGapBlocks, () => feed.minGapBlocks()),
      fixed(contract, "maxDelaySeconds", plan.params.oracle.maxReportDelaySeconds, () => feed.maxDelaySeconds()),
      fixed(contract, "minAnswer", minAnswer, () => feed.minAnswer()),
      fixed(contract, "maxAnswer", maxAnswer, () => feed.maxAnswer()),
      outside(
        `${contract.name}.guardian`,
        contract.address,
        plan.roles.guardian,
        () => answer(feed.guardian()),
        "the owner sets the guardian",
        { code: "ROLE_EXTRA" },
      ),
    ];
  });
}

function dodo({ plan, provider }: StepContext): Setting[] {
  const { dodoIntegration, dodoProvider, pmmFactory, swapQuoter, router } = plan;
  const permit2 = plan.params.router.permit2 ?? ZeroAddress;
  const integration = contractAt(DODOPMMIntegration__factory, dodoIntegration.address, provider);
  const listing = contractAt(DODOPMMProvider__factory, dodoProvider.address, provider);
  const swaps = contractAt(EnhancedSwapRouter__factory, router.address, provider);
  return [
    fixed(dodoIntegration, "pmmFactory", pmmFactory.address, () => integration.pmmFactory()),
    fixed(dodoProvider, "integration", dodoIntegration.address, () => listing.integration()),
    fixed(router, "integration", dodoIntegration.address, () => swaps.integration()),
    fixed(router, "quoter", swapQuoter.address, () => swaps.quoter()),
    fixed(router, "permit2", getAddress(permit2), () => swaps.permit2()),
  ];
}
