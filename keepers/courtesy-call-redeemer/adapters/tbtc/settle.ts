/** What a mined redemption request leaves to do: the Bitcoin clock has begun, and each of its ends takes the bond. */
import { z } from "zod";

import { RetryableError } from "../../../../protocol/errors.js";
import {
  FEE_BUMP_SECONDS,
  PROOF_TIMEOUT_SECONDS,
  SIGNATURE_TIMEOUT_SECONDS,
} from "../../../../protocol/tbtc/constants.js";
import { tbtcAbi } from "../../../../protocol/tbtc/contracts.js";
import { DepositState, depositState } from "../../../../protocol/tbtc/states.js";
import { depositSlots, wordAddress, wordValue } from "../../../../protocol/tbtc/storage.js";
import { maxBigint } from "../../../../protocol/math.js";
import type { ChainClient } from "../../../kit/provider.js";
import { TransportFailure } from "../../../kit/providers/failure.js";
import { readBlock } from "../../../kit/providers/head.js";
import { readPinned } from "../../../kit/providers/pinned.js";
import type { FollowUp, Position } from "../../types.js";
import { addressOf, answered, numberOf, slotRead, view } from "./views.js";

/** In the order in which they come. Each is due by its time, but a fee can be raised from its time on. */
export const TBTC_FOLLOW_UPS = ["signature", "fee-bump", "proof"] as const;

const receiptSchema = z.object({
  status: z.string(),
  blockHash: z.string(),
  logs: z.array(z.object({ address: z.string(), topics: z.array(z.string()), data: z.string() })),
});
type Receipt = z.infer<typeof receiptSchema>;

export class Settlement {
  constructor(
    private readonly client: Pick<ChainClient, "ask" | "head">,
    private readonly system: string,
  ) {}

  /**
   * None when the transaction requested no redemption of the position, or nothing is left to do. A fee that was raised later, by whomever,
   * has started the clock again.
   * @throws RetryableError TBTC_NOT_MINED
   */
  async followUps(position: Position, transactionHash: string): Promise<readonly FollowUp[]> {
    const receipt = await this.receipt(transactionHash);
    if (receipt.status !== "0x1" || !this.requests(receipt, position.id)) return [];
    const minedAt = await this.timestampOf(receipt.blockHash);
    const { id } = position;
    const state = view("deposit", id, "currentState");
    const keep = view("deposit", id, "keepAddress");
    const head = await this.client.head();
    const answers = await readPinned(this.client, head, [
      state.read,
      keep.read,
      slotRead(id, depositSlots.keepAddress, head),
      slotRead(id, depositSlots.withdrawalRequestTime, head),
    ]);
    const [current, named, keepWord, timeWord] = answers.map(answered);
    const isLaidOut = wordAddress(keepWord) === addressOf(keep.decode(named));
    const requestedAt = maxBigint(minedAt, (isLaidOut ? wordValue(timeWord) : undefined) ?? 0n);
    const dueAt = {
      signature: requestedAt + SIGNATURE_TIMEOUT_SECONDS,
      "fee-bump": requestedAt + FEE_BUMP_SECONDS,
      proof: requestedAt + PROOF_TIMEOUT_SECONDS,
    } as const;
    const left = kindsLeft(depositState(numberOf(state.decode(current))));
    return left.map((kind) => ({ position: id, kind, dueAt: dueAt[kind], calls: [] }));
  }

  private async receipt(hash: string): Promise<Receipt> {
    const found = await this.client.ask({
      method: "eth_getTransactionReceipt",
      requests: () => [{ method: "eth_getTransactionReceipt", params: [hash] }],
      read: ([answer]) => {
        const parsed = receiptSchema
          .nullable()
          .safeParse(answer !== undefined && "result" in answer ? answer.result : undefined);
        if (!parsed.success) throw new TransportFailure("malformed", "not a receipt");
        return parsed.data;
      },
    });
    if (found === null) throw new RetryableError("TBTC_NOT_MINED", `transaction ${hash} is in no block`);
    return found;
  }

  private requests({ logs }: Receipt, id: string): boolean {
    return logs.some(({ address, topics, data }) => {
      if (address.toLowerCase() !== this.system.toLowerCase()) return false;
      const event = tbtcAbi.system.parseLog({ topics, data });
      return event?.name === "RedemptionRequested" && String(event.args[0]).toLowerCase() === id;
    });
  }

  private timestampOf(hash: string): Promise<bigint> {
    return this.client.ask({
      method: "eth_getBlockByHash",
      requests: () => [{ method: "eth_getBlockByHash", params: [hash, false] }],
      read: ([answer]) => {
        const head = readBlock(answer)?.head;
        if (head?.hash !== hash) throw new TransportFailure("unknown-block");
        return BigInt(head.timestamp);
      },
    });
  }
}

function kindsLeft(state: DepositState): readonly (typeof TBTC_FOLLOW_UPS)[number][] {
  if (state === DepositState.AWAITING_WITHDRAWAL_SIGNATURE) return TBTC_FOLLOW_UPS;
  return state === DepositState.AWAITING_WITHDRAWAL_PROOF ? TBTC_FOLLOW_UPS.slice(1) : [];
}
