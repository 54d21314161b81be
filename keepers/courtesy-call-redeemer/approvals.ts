/**
 * Which allowances must be set to 0 before they are given anew: USDT and its like take no allowance in the place of another. Asked of the
 * token itself, by the very call, so that no list of tokens is needed.
 */
import type { MoneyRead } from "../kit/providers/agreement.js";
import type { ChainClient, Head } from "../kit/provider.js";
import type { Allowances } from "./allowances.js";
import { tokenAbi } from "./encode.js";

export interface ApprovalParts {
  readonly client: Pick<ChainClient, "agreedEach">;
  readonly allowances: Allowances;
  readonly token: string;
  readonly account: string;
}

/**
 * @param units by spender
 * @param isBusy something is on its way that may leave an allowance that nobody sees yet
 * @throws RetryableError NO_QUORUM
 */
export async function resetsOf(
  { client, allowances, token, account }: ApprovalParts,
  units: ReadonlyMap<string, bigint>,
  isBusy: boolean,
  head: Head,
): Promise<ReadonlySet<string>> {
  const asked = await Promise.all(
    [...units].map(async ([spender, value]) => {
      const request = { from: account, to: token, data: tokenAbi.encodeFunctionData("approve", [spender, value]) };
      const now: MoneyRead = { method: "eth_call", params: (at) => [request, at] };
      const over = isBusy ? await allowances.granted(token, account, spender, head) : undefined;
      const later: MoneyRead[] =
        over === undefined ? [] : [{ method: "eth_call", params: (at) => [request, at, over] }];
      const answers = await client.agreedEach(head, [now, ...later]);
      return answers.every(({ ok }) => ok) ? [] : [spender];
    }),
  );
  return new Set(asked.flat());
}
