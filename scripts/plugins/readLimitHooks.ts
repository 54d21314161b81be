/** Handlers of the read limit: see readLimit.ts. */
import type { NetworkHooks } from "hardhat/types/hooks";
import type { NetworkConnection } from "hardhat/types/network";

import { Semaphore } from "../../keepers/kit/semaphore.js";

/** One is answered while the next is being written. */
const READS_AT_A_TIME = 2;

/**
 * Requests that read. None of them leads to another of them, so one that has its turn never waits for one that has not.
 */
const READS: ReadonlySet<string> = new Set([
  "eth_call",
  "eth_estimateGas",
  "eth_getBalance",
  "eth_getCode",
  "eth_getLogs",
  "eth_getStorageAt",
  "eth_getTransactionReceipt",
]);

export default function networkHooks(): Promise<Partial<NetworkHooks>> {
  const semaphores = new WeakMap<object, Semaphore>();
  function semaphoreOf(connection: NetworkConnection<string>): Semaphore {
    let found = semaphores.get(connection);
    if (found === undefined) semaphores.set(connection, (found = new Semaphore(READS_AT_A_TIME)));
    return found;
  }
  return Promise.resolve({
    async onRequest(context, connection, request, next) {
      if (connection.networkConfig.type !== "edr-simulated" || !READS.has(request.method)) {
        return next(context, connection, request);
      }
      return semaphoreOf(connection).run(() => next(context, connection, request));
    },
  });
}
