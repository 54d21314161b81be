/** Methods about transactions that are in blocks. */
import { getBase58Decoder, getBase64Decoder } from "@solana/kit";
import { z } from "zod";

import type { Executed } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { RPC_CODE, RpcError } from "../jsonRpc.js";
import { address, blockFor, commitment, read, signatureText, withContext } from "../params.js";
import type { Methods } from "../server.js";

const MAX_SIGNATURES = 256;
const MAX_HISTORY = 1000n;

const statusConfig = z.object({ searchTransactionHistory: z.boolean().optional() }).nullish();
const transactionConfig = z
  .union([
    z.enum(["json", "base58", "base64"]).transform((encoding) => ({ encoding })),
    z.object({
      commitment: commitment.optional(),
      encoding: z.enum(["json", "base58", "base64"]).optional(),
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
      status: executed.error === null ? { Ok: null } : { Err: executed.error },
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
      return transactionJson(cluster, executed, wanted.encoding ?? "json", most);
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
        blockTime: bank.blocks.bySlot(executed.slot)?.time ?? null,
        confirmationStatus: bank.blocks.commitmentOf(executed.slot),
      }));
    },
  };
}

function transactionJson(
  cluster: Cluster,
  executed: Executed,
  encoding: "json" | "base58" | "base64",
  mostVersion: bigint | undefined,
): unknown {
  const { wire } = executed;
  const { version, staticAccounts } = wire.message;
  if (version !== "legacy" && (mostVersion === undefined || mostVersion < BigInt(version))) {
    throw new RpcError(
      RPC_CODE.unsupportedTransactionVersion,
      `Transaction version (${String(version)}) is not supported by the requesting client. ` +
        'Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion"',
    );
  }
  const loaded = executed.accounts.slice(staticAccounts.length);
  const lookups = "addressTableLookups" in wire.message ? (wire.message.addressTableLookups ?? []) : [];
  const writableLoaded = lookups.reduce((total, lookup) => total + lookup.writableIndexes.length, 0);
  return {
    slot: executed.slot,
    blockTime: cluster.bank.blocks.bySlot(executed.slot)?.time ?? null,
    ...(mostVersion === undefined ? {} : { version: version === "legacy" ? "legacy" : BigInt(version) }),
    transaction:
      encoding === "json"
        ? { signatures: signaturesOf(executed), message: messageJson(executed) }
        : [(encoding === "base58" ? getBase58Decoder() : getBase64Decoder()).decode(wire.bytes), encoding],
    meta: {
      err: executed.error,
      status: executed.error === null ? { Ok: null } : { Err: executed.error },
      fee: executed.feeLamports,
      preBalances: executed.preBalances,
      postBalances: executed.postBalances,
      preTokenBalances: [],
      postTokenBalances: [],
      innerInstructions: [],
      logMessages: executed.logs,
      rewards: [],
      computeUnitsConsumed: executed.computeUnits,
      loadedAddresses: { writable: loaded.slice(0, writableLoaded), readonly: loaded.slice(writableLoaded) },
    },
  };
}

function signaturesOf({ wire }: Executed): readonly string[] {
  return Object.values(wire.transaction.signatures).map((bytes) =>
    getBase58Decoder().decode(bytes ?? new Uint8Array(64)),
  );
}

function messageJson({ wire }: Executed): unknown {
  const { header, staticAccounts, lifetimeToken, version } = wire.message;
  const instructions = "instructions" in wire.message ? wire.message.instructions : [];
  return {
    accountKeys: staticAccounts,
    header: {
      numRequiredSignatures: header.numSignerAccounts,
      numReadonlySignedAccounts: header.numReadonlySignerAccounts,
      numReadonlyUnsignedAccounts: header.numReadonlyNonSignerAccounts,
    },
    recentBlockhash: lifetimeToken,
    instructions: instructions.map(({ programAddressIndex, accountIndices, data }) => ({
      programIdIndex: programAddressIndex,
      accounts: accountIndices ?? [],
      data: getBase58Decoder().decode(data ?? new Uint8Array()),
      stackHeight: null,
    })),
    ...(version === "legacy" ? {} : { addressTableLookups: lookupsJson(wire.message) }),
  };
}

function lookupsJson(message: Executed["wire"]["message"]): unknown {
  const lookups = "addressTableLookups" in message ? (message.addressTableLookups ?? []) : [];
  return lookups.map(({ lookupTableAddress, writableIndexes, readonlyIndexes }) => ({
    accountKey: lookupTableAddress,
    writableIndexes,
    readonlyIndexes,
  }));
}
