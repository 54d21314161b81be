/**
 * The look just before this keeper's key signs, asked of as many nodes as must agree at one block: that the key can pay the gas, that the
 * token is there, and that a position is what the action takes it for, as its protocol says itself.
 */
import type { SigningGuard } from "../kit/policy/guard.js";
import { refuse } from "../kit/policy/types.js";
import type { ChainClient } from "../kit/provider.js";
import { pinnedCall } from "../kit/providers/confirm.js";
import { APPROVAL, tokenAbi } from "./encode.js";
import type { Look, RescueSite } from "./site.js";

export interface GuardParts {
  readonly client: Pick<ChainClient, "agreed">;
  readonly account: string;
  readonly site: Pick<RescueSite, "token" | "signing">;
}

export function redeemerGuard({ client, account, site }: GuardParts): SigningGuard {
  return async ({ action, gasLimit, valueWei }, head) => {
    const needWei = valueWei + gasLimit * (head.nextBaseFeeWei ?? 0n);
    const gas: Look = {
      reads: [{ method: "eth_getBalance", params: (block) => [account, block] }],
      judge: ([have]) => short(account, BigInt(String(have)), needWei),
    };
    const isApproval = action.name === APPROVAL;
    const looks = [gas, ...(isApproval ? [holds(site, account, action.args["value"])] : [])];
    if (!isApproval) looks.push(...site.signing.looks(action, account));
    let answers: readonly unknown[];
    try {
      answers = await client.agreed(
        head,
        looks.flatMap(({ reads }) => reads),
      );
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "CALL_EXCEPTION")) throw error;
      return refuse("argument", `${action.name}: the protocol does not answer for this position`);
    }
    let from = 0;
    for (const { reads, judge } of looks) {
      const refused = judge(answers.slice(from, (from += reads.length)));
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
}

/** What is approved is there: a batch that cannot be paid would burn the gas of every call. */
function holds({ token }: Pick<RescueSite, "token">, account: string, units: unknown): Look {
  const data = tokenAbi.encodeFunctionData("balanceOf", [account]);
  return {
    reads: [pinnedCall({ to: token.address, data })],
    judge: ([have]) => short(account, BigInt(String(have)), typeof units === "bigint" ? units : 0n),
  };
}

function short(who: string, have: bigint, need: bigint) {
  return have < need ? refuse("balance", `${who} has ${String(have)}, ${String(need)} are wanted`) : undefined;
}
