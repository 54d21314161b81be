import type { Provider, TransactionRequest } from "ethers";

import { findRevertData, protocolDecoder } from "../../protocol/revert.js";

/** The name of the error with which the chain refuses a call, or "none" when it would go through. */
export async function refusalOf(provider: Provider, call: TransactionRequest): Promise<string> {
  try {
    await provider.call(call);
    return "none";
  } catch (error) {
    const data = findRevertData(error);
    if (data === undefined) throw error;
    return protocolDecoder().decode(data).name;
  }
}
