import type { Provider } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import type { LoadedParams } from "../../protocol/params/load.js";
import type { Blueprint } from "./blueprint.js";
import type { StepContext } from "./types.js";

/** What steps see of a chain. `seen`: addresses known to hold code, which code never leaves; shared between the steps of a run. */
export function stepContext(
  plan: Blueprint,
  provider: Provider,
  state: Pick<StepContext, "bootstrapping" | "fromBlock" | "extraGrants">,
  seen = new Set<string>(),
): StepContext {
  const hasCode = async (address: string) => {
    if (seen.has(address)) return true;
    const found = (await provider.getCode(address)) !== "0x";
    if (found) seen.add(address);
    return found;
  };
  return { plan, provider, ...state, hasCode };
}

/** Refuses a chain that the parameters are not for. @throws PermanentError WRONG_CHAIN */
export async function requireChain(provider: Provider, loaded: LoadedParams): Promise<void> {
  const { chainId } = await provider.getNetwork();
  if (chainId === BigInt(loaded.params.chainId)) return;
  throw new PermanentError(
    "WRONG_CHAIN",
    `${loaded.file} is for chain ${String(loaded.params.chainId)}, the connected chain is ${String(chainId)}`,
    "connect to the right RPC, or name the network you mean",
    { expected: String(loaded.params.chainId), found: String(chainId) },
  );
}
