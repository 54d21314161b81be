/** Reads of contracts at one block, all of one block's questions in few exchanges; enough nodes must agree on every answer. */
import type { Interface, Result } from "ethers";

import { RetryableError } from "../../../../protocol/errors.js";
import type { MoneyRead } from "../../../kit/providers/agreement.js";
import type { AgreedAnswer, ChainClient } from "../../../kit/provider.js";
import type { BlockRef } from "../../types.js";

export interface Question {
  readonly to: string;
  readonly abi: Interface;
  readonly view: string;
  readonly args?: readonly unknown[];
}

/** Questions in one exchange. */
const AT_ONCE = 256;

export async function readEach(
  client: ChainClient,
  block: BlockRef,
  reads: readonly MoneyRead[],
): Promise<readonly AgreedAnswer[]> {
  const answers: AgreedAnswer[] = [];
  for (let from = 0; from < reads.length; from += AT_ONCE)
    answers.push(...(await client.agreedEach(block, reads.slice(from, from + AT_ONCE))));
  return answers;
}

/** Undefined where the contract refuses, or answers nothing that the view could have answered. @throws RetryableError NO_QUORUM */
export async function askEach(
  client: ChainClient,
  block: BlockRef,
  questions: readonly Question[],
): Promise<readonly (Result | undefined)[]> {
  const reads = questions.map(({ to, abi, view, args = [] }): MoneyRead => {
    const data = abi.encodeFunctionData(view, args);
    return { method: "eth_call", params: (at) => [{ to, data }, at] };
  });
  const answers = await readEach(client, block, reads);
  return questions.map(({ abi, view }, index) => {
    const answer = answers[index];
    if (answer?.ok !== true) return undefined;
    try {
      return abi.decodeFunctionResult(view, String(answer.result));
    } catch {
      return undefined;
    }
  });
}

/** What must be there. @throws RetryableError AAVE_READ_MALFORMED */
export function required(result: Result | undefined, { view, to }: Question): Result {
  if (result !== undefined) return result;
  throw new RetryableError(
    "AAVE_READ_MALFORMED",
    `${view} of ${to} answered nothing`,
    "is this the market's addresses provider, and Aave v3?",
    { view, to },
  );
}
