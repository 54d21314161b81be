import { id, zeroPadValue } from "ethers";

import {
  IM1Token__factory,
  IPmmFactory__factory,
  IPmmPool__factory,
  IXAUOracle__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames, type TokenName } from "../../protocol/params/schema.js";
import type { Blueprint } from "./blueprint.js";
import { planFunding, remainingFunding, type FundingPlan } from "./funding.js";
import { asStruct, cloneCode, type PlannedPool } from "./pools.js";
import { referencePrices } from "./referencePrices.js";
import { answer, outside } from "./setting.js";
import type { Call, PlannedContract, Setting, Step, StepContext } from "./types.js";

/** The timelock sends its orders itself: they need no deadline of their own. */
const NO_DEADLINE = 2n ** 48n - 1n;
/** Equal parameters make the pool; any share count is right for the only depositor. */
const MIN_SHARES = 1n;

const LIMIT = { code: "LIMIT_CHANGED" } as const;

/** Prices must stand and the tokens of the first funding must be there before pools are made. */
export const fundsStep: Step = {
  id: "090_prices_and_funds",
  title: "the oracle answers; the timelock holds the first funding",
  settings(context) {
    const { plan } = context;
    return [
      ...tokenNames.map((name) => priceSetting(context, name)),
      ...(plan.params.funding.source === "none" ? [] : fundSettings(context)),
    ];
  },
};

function priceSetting({ plan, provider }: StepContext, name: TokenName): Setting {
  const oracle = contractAt(IXAUOracle__factory, plan.oracle.address, provider);
  return {
    ...outside(
      `XAUOracle.priceInUsd(${name})`,
      plan.oracle.address,
      "answers",
      async () => {
        const found = await answer(oracle.priceInUsd(plan.tokens[name].address));
        return found.startsWith("reverts") ? found : "answers";
      },
      "start the price reporter (npm run keeper -- price-reporter)",
    ),
    bootstrapOnly: true,
    waitable: true,
  };
}

function fundSettings(context: StepContext): Setting[] {
  const { plan, provider } = context;
  return tokenNames.map((name): Setting => {
    const token = plan.tokens[name];
    const handle = contractAt(IM1Token__factory, token.address, provider);
    const shortfall = async () => {
      const needed = await remainingFunding(context, name);
      const held = await handle.balanceOf(plan.timelock.address);
      return held < needed ? needed - held : 0n;
    };
    const mints = plan.params.funding.source === "bootstrap-mint";
    return {
      id: `Timelock.funds(${name})`,
      at: token.address,
      expected: "enough",
      read: async () => {
        const missing = await shortfall();
        return missing === 0n ? "enough" : `${String(missing)} base units short`;
      },
      by: mints ? "timelock" : "outside",
      calls: async () => [
        {
          to: token.address,
          data: handle.interface.encodeFunctionData("mint", [plan.timelock.address, await shortfall()]),
          label: `${name}.mint(Timelock)`,
        },
      ],
      fix: `send the missing ${name} to the timelock ${plan.timelock.address}`,
      bootstrapOnly: true,
    };
  });
}

/** All pools: the public ones created and funded in one transaction each, the mesh's created empty for the mesh to fund. */
export const poolsStep: Step = {
  id: "100_pools",
  title: "public pools and the pools of the mesh",
  contracts({ plan }) {
    const funding = plan.params.funding.source === "none" ? undefined : planFunding(plan, referencePrices(plan));
    return [...plan.pools, ...plan.meshPools].map((pool) => plannedPool(plan, pool, funding));
  },
  settings({ plan, provider }) {
    return [...plan.pools, ...plan.meshPools].flatMap((pool): Setting[] => {
      const handle = contractAt(IPmmPool__factory, pool.address, provider);
      const fix = "governance changed it: write the new value into the parameters, or propose the old one to the pool";
      return [
        outside(`${pool.name}._K_`, pool.address, String(pool.params.k), () => answer(handle._K_()), fix, LIMIT),
        outside(
          `${pool.name}._LP_FEE_RATE_`,
          pool.address,
          String(pool.params.lpFeeRate),
          () => answer(handle._LP_FEE_RATE_()),
          fix,
          LIMIT,
        ),
        outside(`${pool.name}._I_`, pool.address, String(pool.params.i), () => answer(handle._I_()), fix, LIMIT),
      ].slice(0, pool.params.i === 0n ? 2 : 3);
    });
  },
};

function plannedPool(plan: Blueprint, pool: PlannedPool, funding: FundingPlan | undefined): PlannedContract {
  const factory = plan.pmmFactory.address;
  const expected = cloneCode({ ...plan, creator: plan.timelock.address, mesh: plan.mesh.address }, pool.params);
  return {
    name: pool.name,
    address: pool.address,
    constructorArgs: [
      JSON.stringify(pool.params, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value)),
    ],
    checkCode: (code) => (code.toLowerCase() === expected ? undefined : "code that is not a clone of our pool"),
    make: {
      by: "timelock",
      calls: creation(plan, pool, funding),
      event: {
        at: factory,
        topics: [
          id("PoolCreated(address,address,address,uint8,uint8)"),
          zeroPadValue(pool.params.baseToken, 32),
          zeroPadValue(pool.params.quoteToken, 32),
          zeroPadValue(pool.address, 32),
        ],
      },
    },
  };
}

function creation(plan: Blueprint, pool: PlannedPool, funding: FundingPlan | undefined): Call[] {
  const to = plan.pmmFactory.address;
  const abi = IPmmFactory__factory.createInterface();
  const amounts = pool.entry === undefined ? undefined : funding?.pools.get(pool.pair);
  if (amounts === undefined) {
    return [
      {
        to,
        data: abi.encodeFunctionData("createPool", [asStruct(pool.params)]),
        label: `PmmFactory.createPool(${pool.name})`,
      },
    ];
  }
  const { baseUnits, quoteUnits } = amounts;
  const shares = pool.kind === "public" ? MIN_SHARES : 0n;
  const data = abi.encodeFunctionData("createFundedPool", [
    asStruct(pool.params),
    baseUnits,
    quoteUnits,
    shares,
    NO_DEADLINE,
  ]);
  return [
    approval(plan, pool.base, to, baseUnits),
    approval(plan, pool.quote, to, quoteUnits),
    { to, data, label: `PmmFactory.createFundedPool(${pool.name}, ${String(baseUnits)}, ${String(quoteUnits)})` },
  ];
}

/** The timelock approves `spender` for exactly `amountUnits`. */
export function approval(plan: Blueprint, name: TokenName, spender: string, amountUnits: bigint): Call {
  return {
    to: plan.tokens[name].address,
    data: IM1Token__factory.createInterface().encodeFunctionData("approve", [spender, amountUnits]),
    label: `${name}.approve(${spender}, ${String(amountUnits)})`,
  };
}
