import { tbtcRevert } from "../../protocol/tbtc/reverts.js";

/** Code with which tBTC v1 refused, or "accepted". Errors of another kind fail the test. */
export async function answerOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    const revert = tbtcRevert(error, "trying");
    if (revert === undefined) throw error;
    return revert.code;
  }
}
