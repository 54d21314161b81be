/** Transactions of blocks as JSON. */
import { getBase58Decoder, getBase64Decoder } from "@solana/kit";

import type { Executed, InnerInstruction, ReturnData, TokenBalance } from "./blocks.js";
import { RPC_CODE, RpcError } from "./jsonRpc.js";
import { parsedInstruction } from "./parsedInstruction.js";
import { tokenAmountJson } from "./tokenState.js";

export type TransactionEncoding = "json" | "jsonParsed" | "base58" | "base64";

export function statusJson(error: Executed["error"]): unknown {
  return error === null ? { Ok: null } : { Err: error };
}

/** @throws RpcError -32015 for a version that the client has not said it understands. */
export function checkVersion({ wire }: Executed, mostVersion: bigint | undefined): void {
  const { version } = wire.message;
  if (version === "legacy" || (mostVersion !== undefined && mostVersion >= BigInt(version))) return;
  throw new RpcError(
    RPC_CODE.unsupportedTransactionVersion,
    `Transaction version (${String(version)}) is not supported by the requesting client. ` +
      'Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion"',
  );
}

/** Transaction and meta, as getTransaction and getBlock have them. @throws RpcError -32015. */
export function transactionWithMeta(
  executed: Executed,
  encoding: TransactionEncoding,
  mostVersion: bigint | undefined,
): Record<string, unknown> {
  checkVersion(executed, mostVersion);
  const { version } = executed.wire.message;
  return {
    ...(mostVersion === undefined ? {} : { version: version === "legacy" ? "legacy" : BigInt(version) }),
    transaction: encodedTransaction(executed, encoding),
    meta: metaJson(executed, encoding === "jsonParsed"),
  };
}

function encodedTransaction(executed: Executed, encoding: TransactionEncoding): unknown {
  const { bytes } = executed.wire;
  if (encoding === "base58") return [getBase58Decoder().decode(bytes), encoding];
  if (encoding === "base64") return [getBase64Decoder().decode(bytes), encoding];
  const message = encoding === "json" ? messageJson(executed) : parsedMessageJson(executed);
  return { signatures: signaturesOf(executed), message };
}

function metaJson(executed: Executed, isParsed: boolean): unknown {
  const { writable, readonly } = loadedAddresses(executed);
  return {
    err: executed.error,
    status: statusJson(executed.error),
    fee: executed.feeLamports,
    preBalances: executed.preBalances,
    postBalances: executed.postBalances,
    preTokenBalances: executed.preTokenBalances.map(tokenBalanceJson),
    postTokenBalances: executed.postTokenBalances.map(tokenBalanceJson),
    innerInstructions: innerInstructionsJson(executed, isParsed),
    logMessages: executed.logs,
    rewards: [],
    computeUnitsConsumed: executed.computeUnits,
    ...(executed.returnData === undefined ? {} : { returnData: returnDataJson(executed.returnData) }),
    // The parsed form has them among its accounts.
    ...(isParsed ? {} : { loadedAddresses: { writable, readonly } }),
  };
}

export function returnDataJson({ programId, data }: ReturnData): unknown {
  return { programId, data: [getBase64Decoder().decode(data), "base64"] };
}

function tokenBalanceJson({ accountIndex, mint, owner, programId, amount, decimals }: TokenBalance): unknown {
  return { accountIndex, mint, owner, programId, uiTokenAmount: tokenAmountJson(amount, decimals) };
}

/** Those of instructions that called others. */
export function innerInstructionsJson(
  { accounts, innerInstructions }: Pick<Executed, "accounts" | "innerInstructions">,
  isParsed: boolean,
): unknown[] {
  const show = ({ programIdIndex, accounts: indexes, data, stackHeight }: InnerInstruction): unknown =>
    isParsed
      ? parsedInstruction(accounts, { programIdIndex, accounts: indexes, data }, stackHeight)
      : { programIdIndex, accounts: indexes, data: getBase58Decoder().decode(data), stackHeight };
  return innerInstructions.flatMap((list, index) =>
    list.length === 0 ? [] : [{ index, instructions: list.map(show) }],
  );
}

function lookupsOf({ wire }: Executed) {
  return "addressTableLookups" in wire.message ? (wire.message.addressTableLookups ?? []) : [];
}

function loadedAddresses(executed: Executed) {
  const loaded = executed.accounts.slice(executed.wire.message.staticAccounts.length);
  const writable = lookupsOf(executed).reduce((total, lookup) => total + lookup.writableIndexes.length, 0);
  return { writable: loaded.slice(0, writable), readonly: loaded.slice(writable) };
}

export function signaturesOf({ wire }: Executed): readonly string[] {
  return Object.values(wire.transaction.signatures).map((bytes) =>
    getBase58Decoder().decode(bytes ?? new Uint8Array(64)),
  );
}

function instructionsOf({ wire }: Executed) {
  const instructions = "instructions" in wire.message ? wire.message.instructions : [];
  return instructions.map(({ programAddressIndex, accountIndices, data }) => ({
    programIdIndex: programAddressIndex,
    accounts: accountIndices ?? [],
    data: data ?? new Uint8Array(),
  }));
}

function lookupsJson(executed: Executed): Record<string, unknown> {
  if (executed.wire.message.version === "legacy") return {};
  return {
    addressTableLookups: lookupsOf(executed).map(({ lookupTableAddress, writableIndexes, readonlyIndexes }) => ({
      accountKey: lookupTableAddress,
      writableIndexes,
      readonlyIndexes,
    })),
  };
}

function messageJson(executed: Executed): unknown {
  const { header, staticAccounts, lifetimeToken } = executed.wire.message;
  return {
    accountKeys: staticAccounts,
    header: {
      numRequiredSignatures: header.numSignerAccounts,
      numReadonlySignedAccounts: header.numReadonlySignerAccounts,
      numReadonlyUnsignedAccounts: header.numReadonlyNonSignerAccounts,
    },
    recentBlockhash: lifetimeToken,
    instructions: instructionsOf(executed).map(({ data, ...instruction }) => ({
      ...instruction,
      data: getBase58Decoder().decode(data),
      stackHeight: null,
    })),
    ...lookupsJson(executed),
  };
}

function parsedMessageJson(executed: Executed): unknown {
  const { header, staticAccounts, lifetimeToken } = executed.wire.message;
  return {
    accountKeys: executed.accounts.map((pubkey, index) => ({
      pubkey,
      writable: executed.writable.has(pubkey),
      signer: index < header.numSignerAccounts,
      source: index < staticAccounts.length ? "transaction" : "lookupTable",
    })),
    recentBlockhash: lifetimeToken,
    instructions: instructionsOf(executed).map((instruction) =>
      parsedInstruction(executed.accounts, instruction, null),
    ),
    ...lookupsJson(executed),
  };
}
