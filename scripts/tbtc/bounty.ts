import { getAddress } from "ethers";

import { PermanentError } from "../../protocol/errors.js";
import { RescueBounty__factory } from "../../protocol/generated/contracts/index.js";
import { creationCode } from "../../protocol/handles.js";
import type { TbtcAddresses } from "../../protocol/tbtc/addresses.js";
import type { LocalChain } from "../local/chain.js";

/** The escrow of bounties for one tBTC v1 system; returns its address. It has no owner: `from` only pays. */
export async function deployRescueBounty(
  chain: LocalChain,
  from: string,
  { token, depositToken }: Pick<TbtcAddresses, "token" | "depositToken">,
): Promise<string> {
  const data = creationCode(RescueBounty__factory, token, depositToken);
  const { contractAddress } = await chain.send({ from, data });
  if (contractAddress === undefined) throw new PermanentError("TBTC_NOT_CREATED", "the node created no contract");
  return getAddress(contractAddress);
}
