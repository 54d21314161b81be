/** Accounts as JSON, in the encoding that was asked for. */
import { getBase58Decoder, type EncodedAccount } from "@solana/kit";

import { invalidParams, RpcError } from "./jsonRpc.js";
import type { AccountConfig } from "./params.js";
import { parsedAccount, type MintReader } from "./parsedAccount.js";

/** Most bytes that base58 is allowed for. */
const MAX_BASE58_BYTES = 128;
/** Rent-exempt accounts pay none. */
const RENT_EPOCH = 2n ** 64n - 1n;

type Bytes = EncodedAccount["data"];

export function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function dataJson(account: EncodedAccount, config: AccountConfig, mintOf: MintReader): unknown {
  if (config?.encoding === "jsonParsed") {
    const parsed = parsedAccount(account, mintOf);
    if (parsed !== undefined) return parsed;
  }
  const slice = config?.dataSlice;
  const data =
    slice == null ? account.data : account.data.subarray(Number(slice.offset), Number(slice.offset + slice.length));
  // What nobody can parse comes as base64. Without a named encoding the data is a bare base58 string; so old clients expect it.
  if (config?.encoding === "base64" || config?.encoding === "jsonParsed") return [base64(data), "base64"];
  if (data.length > MAX_BASE58_BYTES) {
    throw invalidParams(`data over ${String(MAX_BASE58_BYTES)} bytes needs encoding base64`);
  }
  const text = getBase58Decoder().decode(data);
  return config?.encoding === undefined ? text : [text, config.encoding];
}

/** Null when there is none. @throws RpcError -32602 for data too long for base58. */
export function accountJson(account: EncodedAccount | undefined, config: AccountConfig, mintOf: MintReader): unknown {
  if (account === undefined) return null;
  return {
    data: dataJson(account, config, mintOf),
    executable: account.executable,
    lamports: account.lamports,
    owner: account.programAddress,
    rentEpoch: RENT_EPOCH,
    space: account.space,
  };
}

/** For a notification, where it is too late to refuse the encoding: data too long for it is replaced by the words that nodes use. */
export function accountNotice(account: EncodedAccount, config: AccountConfig, mintOf: MintReader): unknown {
  try {
    return accountJson(account, config, mintOf);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const nothing = accountJson({ ...account, data: new Uint8Array() }, config, mintOf) as object;
    return { ...nothing, data: "error: data too large for bs58 encoding" };
  }
}
