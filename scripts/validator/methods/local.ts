/** What only a local cluster can do, by the names that surfpool gave it, so that one caller works with both. */
import { z } from "zod";

import type { Cluster } from "../cluster.js";
import { epochInfo } from "../epochInfo.js";
import { invalidParams } from "../jsonRpc.js";
import { read } from "../params.js";
import type { Methods } from "../rpcNode.js";

/** Unix milliseconds of the year 9999: what JavaScript can still write as a date. */
const MAX_TIME_MS = 253_402_300_799_000n;

const target = z.union([
  z.strictObject({ absoluteTimestamp: z.bigint().min(0n).max(MAX_TIME_MS) }),
  z.strictObject({
    absoluteSlot: z
      .bigint()
      .min(0n)
      .max(2n ** 53n),
  }),
]);

export function localMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  return {
    /** Forwards to a time in Unix milliseconds, or to a slot as if all before it had been skipped. */
    surfnet_timeTravel: (params) => {
      const [to] = read(params, target);
      const { open } = bank.blocks;
      if ("absoluteSlot" in to) {
        if (to.absoluteSlot <= open.slot) throw invalidParams(`slot ${String(open.slot)} is reached already`);
        bank.skip(to.absoluteSlot - open.slot - 1n);
      } else {
        try {
          bank.jumpTo(to.absoluteTimestamp);
        } catch (error) {
          if (error instanceof RangeError) throw invalidParams(error.message);
          throw error;
        }
      }
      return epochInfo(bank, bank.blocks.open);
    },
  };
}
