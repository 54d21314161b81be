/** What LiteSVM says of a transaction that ran, in plain values. */
import { getAddressDecoder } from "@solana/kit";
import type { TransactionMetadata } from "litesvm";

import type { Executed } from "./blocks.js";

export type Outcome = Pick<Executed, "logs" | "computeUnits" | "innerInstructions" | "returnData">;

export function outcomeOf(meta: TransactionMetadata): Outcome {
  const returned = meta.returnData();
  const data = returned.data();
  return {
    logs: meta.logs(),
    computeUnits: meta.computeUnitsConsumed(),
    innerInstructions: meta.innerInstructions().map((list) =>
      list.map((inner) => {
        const instruction = inner.instruction();
        return {
          programIdIndex: instruction.programIdIndex(),
          accounts: [...instruction.accounts()],
          data: instruction.data(),
          stackHeight: inner.stackHeight(),
        };
      }),
    ),
    returnData: data.length === 0 ? undefined : { programId: getAddressDecoder().decode(returned.programId()), data },
  };
}
