import { M1Token__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import type { TokenName } from "../../protocol/params/schema.js";
import { allLogs } from "./logs.js";
import { governed } from "./setting.js";
import type { Setting, StepContext } from "./types.js";

const NO_LIMIT = "none";

/** Base units, and base units per second. */
export interface MinterLimit {
  readonly minter: string;
  readonly mintCapacity: bigint;
  readonly mintRefillPerSecond: bigint;
  readonly burnCapacity: bigint;
  readonly burnRefillPerSecond: bigint;
}

/** What one minter may mint and burn of a token of ours. */
export function minterLimit(context: StepContext, name: TokenName, minterName: string, limit: MinterLimit): Setting {
  const { address } = context.plan.tokens[name];
  const { interface: abi } = contractAt(M1Token__factory, address, context.provider);
  const expected = amounts(limit);
  return governed(
    `${name}.minterLimit(${minterName})`,
    address,
    expected.join(" "),
    async () => limitText(await lastMinterLimit(context, address, limit.minter)),
    {
      to: address,
      data: abi.encodeFunctionData("setMinterLimit", [limit]),
      label: `${name}.setMinterLimit(${minterName}, ${expected.join(", ")})`,
    },
    { code: "LIMIT_CHANGED" },
  );
}

/** The token gives out what is left of a limit, not the limit: that stands in the event of its last setting. */
export async function lastMinterLimit(
  { provider, fromBlock }: StepContext,
  token: string,
  minter: string,
): Promise<MinterLimit | undefined> {
  const abi = M1Token__factory.createInterface();
  const topics = abi.encodeFilterTopics("SetMinterLimit", [minter]);
  const last = (await allLogs(provider, { address: token, topics, fromBlock })).at(-1);
  if (last === undefined) return undefined;
  const values = abi.decodeEventLog("SetMinterLimit", last.data, last.topics) as unknown as readonly [
    string,
    ...bigint[],
  ];
  const [, mintCapacity = 0n, mintRefillPerSecond = 0n, burnCapacity = 0n, burnRefillPerSecond = 0n] = values;
  return { minter, mintCapacity, mintRefillPerSecond, burnCapacity, burnRefillPerSecond };
}

function amounts(limit: MinterLimit): bigint[] {
  return [limit.mintCapacity, limit.mintRefillPerSecond, limit.burnCapacity, limit.burnRefillPerSecond];
}

function limitText(limit: MinterLimit | undefined): string {
  return limit === undefined ? NO_LIMIT : amounts(limit).join(" ");
}
