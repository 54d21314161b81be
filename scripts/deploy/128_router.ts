import { getAddress } from "ethers";

import { IEnhancedSwapRouter__factory, IM1Token__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { answer, governed } from "./setting.js";
import type { Call, PlannedContract, Setting, Step, StepContext } from "./types.js";

const NONE = "none";
/** ISwapRegistry.Venue, in order. */
const VENUES = ["not registered", "PMM", "DODO", "UNISWAP_V3"] as const;

interface ListedPool {
  /** As in the record, or `UniswapV3:<address>`. */
  readonly name: string;
  readonly address: string;
  readonly venue: (typeof VENUES)[number];
  readonly register: Call;
}

/** The router, the pools it may call, the tokens it may pass through. It comes after the integration's registry, which vouches for the pools. */
export const routerStep: Step = {
  id: "128_router",
  title: "swap router over the public pools",
  contracts({ plan }) {
    const { permit2, uniswapV3 } = plan.params.router;
    const adopted = [
      ...(permit2 === null ? [] : [["Permit2", permit2] as const]),
      ...(uniswapV3 === null ? [] : [["UniswapV3Factory", uniswapV3.factory] as const]),
    ].map(([name, address]): PlannedContract => ({
      name,
      address: getAddress(address),
      constructorArgs: [],
      make: { by: "adopted" },
    }));
    return [...adopted, plan.swapQuoter, plan.router];
  },
  settings(context) {
    return [
      guardianSetting(context),
      ...listedPools(context).map((pool) => poolSetting(context, pool)),
      intermediatesSetting(context),
      ...systemContractSettings(context),
    ];
  },
};

/** Public pools of the parameters and the adopted ones of Uniswap. */
function listedPools({ plan }: StepContext): ListedPool[] {
  const at = plan.router.address;
  const abi = IEnhancedSwapRouter__factory.createInterface();
  const ours = plan.pools
    .filter((pool) => pool.kind === "public")
    .map((pool): ListedPool => ({
      name: pool.name,
      address: pool.address,
      venue: "PMM",
      register: {
        to: at,
        data: abi.encodeFunctionData("registerPool", [pool.address]),
        label: `EnhancedSwapRouter.registerPool(${pool.name})`,
      },
    }));
  const { uniswapV3 } = plan.params.router;
  const uniswap = (uniswapV3?.pools ?? []).map((text): ListedPool => {
    const address = getAddress(text);
    return {
      name: `UniswapV3:${address}`,
      address,
      venue: "UNISWAP_V3",
      register: {
        to: at,
        data: abi.encodeFunctionData("registerUniswapPool", [uniswapV3?.factory ?? "", address]),
        label: `EnhancedSwapRouter.registerUniswapPool(${address})`,
      },
    };
  });
  return [...ours, ...uniswap];
}

function guardianSetting({ plan, provider }: StepContext): Setting {
  const at = plan.router.address;
  const router = contractAt(IEnhancedSwapRouter__factory, at, provider);
  const { guardian } = plan.roles;
  return governed(
    "EnhancedSwapRouter.guardian",
    at,
    guardian,
    () => answer(router.guardian()),
    {
      to: at,
      data: router.interface.encodeFunctionData("setGuardian", [guardian]),
      label: `EnhancedSwapRouter.setGuardian(${guardian})`,
    },
    { code: "ROLE_MISSING" },
  );
}

function poolSetting({ plan, provider }: StepContext, pool: ListedPool): Setting {
  const at = plan.router.address;
  const router = contractAt(IEnhancedSwapRouter__factory, at, provider);
  return governed(
    `EnhancedSwapRouter.venue(${pool.name})`,
    at,
    pool.venue,
    () => answer(router.poolEntry(pool.address).then(({ venue }) => VENUES[Number(venue)])),
    pool.register,
    { code: "POOL_MISSING" },
  );
}

function intermediatesSetting({ plan, provider }: StepContext): Setting {
  const at = plan.router.address;
  const router = contractAt(IEnhancedSwapRouter__factory, at, provider);
  const wanted = plan.params.router.intermediates.map((name) => plan.tokens[name].address).sort();
  const read = async () => [...(await router.intermediates())].sort();
  const change = (token: string, accepted: boolean): Call => ({
    to: at,
    data: router.interface.encodeFunctionData("setIntermediate", [token, accepted]),
    label: `EnhancedSwapRouter.setIntermediate(${token}, ${String(accepted)})`,
  });
  return {
    id: "EnhancedSwapRouter.intermediates",
    at,
    expected: wanted.join(", ") || NONE,
    read: () => answer(read().then((found) => found.join(", ") || NONE)),
    code: "WIRING_CHANGED",
    by: "timelock",
    calls: async () => {
      const found = await read();
      return [
        ...found.filter((token) => !wanted.includes(token)).map((token) => change(token, false)),
        ...wanted.filter((token) => !found.includes(token)).map((token) => change(token, true)),
      ];
    },
  };
}

/** A freezer could otherwise stop everybody's swaps by one account; and transfers read the pause from the router's own balance slot. */
function systemContractSettings({ plan, provider }: StepContext): Setting[] {
  const member = plan.router;
  return tokenNames
    .filter((name) => !plan.tokens[name].adopted)
    .map((name) => {
      const at = plan.tokens[name].address;
      const token = contractAt(IM1Token__factory, at, provider);
      return governed(
        `${name}.isSystemContract(${member.name})`,
        at,
        "true",
        () => answer(token.isSystemContract(member.address)),
        {
          to: at,
          data: token.interface.encodeFunctionData("setSystemContract", [member.address, true]),
          label: `${name}.setSystemContract(${member.name})`,
        },
        { code: "ROLE_MISSING" },
      );
    });
}
