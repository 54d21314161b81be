/** Methods about transactions that are in blocks. */
import { z } from "zod";

import type { Executed } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { address, blockFor, commitment, read, signatureText, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";
import { statusJson, transactionWithMeta } from "../transactionJson.js";

const MAX_SIGNATURES = 256;
const MAX_HISTORY = 1000n;

const statusConfig = z.object({ searchTransactionHistory: z.boolean().optional() }).nullish();
const transactionConfig = z
  .union([
    z.enum(["json", "jsonParsed", "base58", "base64"]).transform((encoding) => ({ encoding })),
    z.object({
      commitment: commitment.optional(),
      encoding: z.enum(["json", "jsonParsed", "base58", "base64"]).optional(),
      maxSupportedTransactionVersion: z.bigint().optional(),
    }),
  ])
  .nullish();
const historyConfig = z
  .object({
    commitment: commitment.optional(),
    minContextSlot: z.bigint().optional(),
    limit: z.bigint().min(1n).max(MAX_HISTORY).optional(),
    before: signatureText.optional(),
    until: signatureText.optional(),
  })
  .nullish();

export function transactionMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  const status = (executed: Executed | undefined, searchHistory: boolean): unknown => {
    if (executed === undefined || executed.slot < cluster.firstAvailableSlot) return null;
    const { open } = bank.blocks;
    if (!searchHistory && executed.slot + cluster.recentStatusSlots < open.slot) return null;
    const confirmationStatus = bank.blocks.commitmentOf(executed.slot);
    return {
      slot: executed.slot,
      confirmations: confirmationStatus === "finalized" ? null : BigInt(bank.blocks.after(executed.slot).length),
      err: executed.error,
      status: statusJson(executed.error),
      confirmationStatus,
    };
  };
  return {
    getSignatureStatuses: (params) => {
      const [signatures, config] = read(params, z.array(signatureText).max(MAX_SIGNATURES), statusConfig);
      const search = config?.searchTransactionHistory ?? false;
      return withContext(
        bank.blocks.open,
        signatures.map((signature) => status(bank.history.get(signature), search)),
      );
    },
    getTransaction: (params) => {
      const [signature, config] = read(params, signatureText, transactionConfig);
      const wanted = config ?? {};
      const level = ("commitment" in wanted ? wanted.commitment : undefined) ?? "finalized";
      const most = "maxSupportedTransactionVersion" in wanted ? wanted.maxSupportedTransactionVersion : undefined;
      const executed = bank.history.get(signature);
      if (executed === undefined || executed.slot > bank.blocks.newest(level).slot) return null;
      if (executed.slot < cluster.firstAvailableSlot) return null;
      const { slot, time } = executed;
      return { slot, blockTime: time, ...transactionWithMeta(executed, wanted.encoding ?? "json", most) };
    },
    getSignaturesForAddress: (params) => {
      const [owner, config] = read(params, address, historyConfig);
      const block = blockFor(cluster, config);
      const listed = bank.history
        .of(owner)
        .filter(({ slot }) => slot <= block.slot && slot >= cluster.firstAvailableSlot);
      const position = (signature: string | undefined): number =>
        signature === undefined ? -1 : listed.findIndex(({ wire }) => wire.signature === signature);
      const until = position(config?.until);
      const page = listed.slice(position(config?.before) + 1, until < 0 ? undefined : until);
      return page.slice(0, Number(config?.limit ?? MAX_HISTORY)).map((executed) => ({
        signature: executed.wire.signature,
        slot: executed.slot,
        err: executed.error,
        memo: null,
        blockTime: executed.time,
        confirmationStatus: bank.blocks.commitmentOf(executed.slot),
      }));
    },
  };
}
