/** Methods that bring transactions to the cluster, or only try them. */
import type { Address } from "@solana/kit";
import { z } from "zod";

import { accountJson } from "../accountJson.js";
import { lastValidBlockHeight } from "../blockhashes.js";
import type { Cluster } from "../cluster.js";
import { ConnectionLost, invalidParams, RPC_CODE, RpcError } from "../jsonRpc.js";
import { address, blockFor, commitment, contextConfig, read, withContext } from "../params.js";
import type { Methods } from "../rpcNode.js";
import type { Simulation } from "../simulation.js";
import { innerInstructionsJson, returnDataJson } from "../transactionJson.js";
import type { TransactionErrorJson } from "../transactionError.js";
import { hasValidSignatures } from "../verify.js";
import { decodeWire } from "../wire.js";

/** A million SOL at a time. */
const MAX_AIRDROP_LAMPORTS = 10n ** 15n;
/** A transaction cannot name more. */
const MAX_ACCOUNTS = 256;
const encoding = z.enum(["base58", "base64"]);
const sendConfig = z
  .object({
    encoding: encoding.optional(),
    skipPreflight: z.boolean().optional(),
    preflightCommitment: commitment.optional(),
    maxRetries: z.bigint().nullish(),
    minContextSlot: z.bigint().optional(),
  })
  .nullish();
const simulateConfig = z
  .object({
    commitment: commitment.optional(),
    minContextSlot: z.bigint().optional(),
    encoding: encoding.optional(),
    sigVerify: z.boolean().optional(),
    replaceRecentBlockhash: z.boolean().optional(),
    innerInstructions: z.boolean().optional(),
    accounts: z
      .object({ encoding: z.enum(["base64", "jsonParsed"]).optional(), addresses: z.array(address).max(MAX_ACCOUNTS) })
      .nullish(),
  })
  .nullish();

/** The words with which nodes introduce a failed preflight. */
const REASONS: Readonly<Record<string, string>> = {
  BlockhashNotFound: "Blockhash not found",
  AlreadyProcessed: "This transaction has already been processed",
};

function reasonOf(error: TransactionErrorJson): string {
  if (typeof error === "string") return REASONS[error] ?? error;
  if (!("InstructionError" in error)) return Object.keys(error).join();
  const [index, inner] = error.InstructionError;
  const isCustom = typeof inner === "object" && "Custom" in inner;
  const what = isCustom ? `custom program error: 0x${inner.Custom.toString(16)}` : JSON.stringify(inner);
  return `Error processing Instruction ${String(index)}: ${what}`;
}

function simulationJson(simulation: Simulation, withInner = false): Record<string, unknown> {
  const { named: accounts, innerInstructions, returnData } = simulation;
  return {
    err: simulation.error,
    logs: simulation.logs,
    accounts: null,
    unitsConsumed: simulation.computeUnits,
    innerInstructions: withInner ? innerInstructionsJson({ accounts, innerInstructions }, false) : null,
    returnData: returnData === undefined ? null : returnDataJson(returnData),
  };
}

export function sendingMethods(cluster: Cluster): Methods {
  const { bank } = cluster;
  return {
    sendTransaction: (params) => {
      const [text, config] = read(params, z.string(), sendConfig);
      const wire = decodeWire(text, config?.encoding ?? "base58");
      if (!hasValidSignatures(wire.transaction)) {
        throw new RpcError(RPC_CODE.signatureVerification, "Transaction signature verification failure");
      }
      if (config?.skipPreflight !== true) {
        blockFor(cluster, { ...config, commitment: config?.preflightCommitment ?? "finalized" });
        const simulation = bank.simulate(wire, { verify: true, anyBlockhash: false });
        if (simulation.error !== null) {
          const message = `Transaction simulation failed: ${reasonOf(simulation.error)}`;
          throw new RpcError(RPC_CODE.preflightFailure, message, simulationJson(simulation));
        }
      }
      const fault = cluster.faults.send?.(wire.signature);
      cluster.deliveries.take(wire, fault);
      if (fault?.kind === "lose-reply" || fault?.kind === "refuse") throw new ConnectionLost();
      return wire.signature;
    },
    simulateTransaction: (params) => {
      const [text, config] = read(params, z.string(), simulateConfig);
      const wire = decodeWire(text, config?.encoding ?? "base58");
      const block = blockFor(cluster, config);
      const verify = config?.sigVerify ?? false;
      if (verify && !hasValidSignatures(wire.transaction)) {
        throw new RpcError(RPC_CODE.signatureVerification, "Transaction signature verification failure");
      }
      const anyBlockhash = config?.replaceRecentBlockhash ?? false;
      if (verify && anyBlockhash) throw invalidParams("sigVerify may not be used with replaceRecentBlockhash");
      const simulation = bank.simulate(wire, { verify, anyBlockhash });
      const wanted = config?.accounts;
      const json = simulationJson(simulation, config?.innerInstructions ?? false);
      if (anyBlockhash) {
        const { blockhash, height } = bank.blocks.parent;
        json["replacementBlockhash"] = { blockhash, lastValidBlockHeight: lastValidBlockHeight(height) };
      }
      if (wanted != null && simulation.error === null) {
        const shape = { encoding: wanted.encoding ?? ("base64" as const) };
        const after = (owner: Address) =>
          simulation.accounts.find((candidate) => candidate.address === owner) ?? bank.account(owner);
        json["accounts"] = wanted.addresses.map((owner) => accountJson(after(owner), shape, after));
      }
      return withContext(block, json);
    },
    requestAirdrop: async (params) => {
      const [to, lamports] = read(params, address, z.bigint().min(1n).max(MAX_AIRDROP_LAMPORTS), contextConfig);
      const wire = await cluster.faucet.airdrop(to, lamports);
      const delivery = bank.deliver(wire);
      if ("refused" in delivery) throw new RpcError(RPC_CODE.internal, "the faucet's transfer was refused");
      return wire.signature;
    },
  };
}
