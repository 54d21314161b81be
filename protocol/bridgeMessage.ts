/** Messages between two chains as `AlltraCustomBridge` hashes them, and what attestors sign about them. */
import { AbiCoder, getAddress, keccak256, TypedDataEncoder, type LogDescription, type TypedDataDomain } from "ethers";

import { PermanentError } from "./errors.js";
import { IAlltraCustomBridge__factory } from "./generated/contracts/index.js";

export const bridgeAbi = IAlltraCustomBridge__factory.createInterface();

/** A message as the contract's struct has it. Amounts in base units of its token, times in unix seconds. */
export interface BridgeMessage {
  readonly sourceChainId: bigint;
  /** From 1, on its source. */
  readonly nonce: bigint;
  /** The same address on both chains. */
  readonly token: string;
  readonly sender: string;
  readonly recipient: string;
  readonly amountUnits: bigint;
  readonly sentAt: bigint;
  readonly expiresAt: bigint;
  readonly paidUnits: bigint;
}

/** A bridge on its chain. */
export interface BridgePlace {
  readonly chainId: bigint;
  readonly bridge: string;
}

/** The way of a message. */
export interface BridgeWay {
  readonly source: BridgePlace;
  readonly destination: BridgePlace;
}

/** What becomes of a message on one chain; the order is the contract's. */
export const MESSAGE_STATES = [
  "none",
  "sent",
  "refund-accepted",
  "refunded",
  "accepted",
  "delivered",
  "cancelled",
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** deliver: it was sent, and may be paid on its destination. refund: it is cancelled there, and may be paid back on its source. */
export type AttestationKind = "deliver" | "refund";

/** The fields of a message in the order of the struct, which is part of its id. */
const FIELDS = [
  ["sourceChainId", "uint256"],
  ["nonce", "uint256"],
  ["token", "address"],
  ["sender", "address"],
  ["recipient", "address"],
  ["amountUnits", "uint256"],
  ["sentAt", "uint256"],
  ["expiresAt", "uint256"],
  ["paidUnits", "uint256"],
] as const;
const MESSAGE_TUPLE = `tuple(${FIELDS.map(([name, type]) => `${type} ${name}`).join(", ")})`;
/** The message as a parameter of a function's fragment. */
export const MESSAGE_PARAMETER = `(${FIELDS.map(([name, type]) => `${type} ${name}`).join(", ")}) message`;

/** Name and version of the EIP-712 domain; part of every digest. */
const DOMAIN = { name: "Cantilever AlltraCustomBridge", version: "1" } as const;
/** The struct that is signed, by kind. */
const SIGNED = { deliver: "Delivery", refund: "Refund" } as const;

/** The id of a message on its way. */
export function messageIdOf({ source, destination }: BridgeWay, message: BridgeMessage): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["uint256", "address", "uint256", "address", MESSAGE_TUPLE],
      [source.chainId, source.bridge, destination.chainId, destination.bridge, message],
    ),
  );
}

/** The EIP-712 domain of signatures that count at a bridge. */
export function attestationDomain({ chainId, bridge }: BridgePlace): TypedDataDomain {
  return { ...DOMAIN, chainId, verifyingContract: bridge };
}

/** The EIP-712 types of a kind. */
export function attestationTypes(kind: AttestationKind): Record<string, { name: string; type: string }[]> {
  return {
    [SIGNED[kind]]: [
      { name: "messageId", type: "bytes32" },
      { name: "signerEpoch", type: "uint256" },
    ],
  };
}

/** What an attestor signs, for an epoch of the bridge where it counts. */
export function attestationDigest(place: BridgePlace, kind: AttestationKind, messageId: string, epoch: bigint): string {
  return TypedDataEncoder.hash(attestationDomain(place), attestationTypes(kind), { messageId, signerEpoch: epoch });
}

/** The state behind its number. @throws PermanentError BRIDGE_STATE for one that this program does not know. */
export function messageState(number: bigint): MessageState {
  const state = MESSAGE_STATES[Number(number)];
  if (state !== undefined) return state;
  throw new PermanentError("BRIDGE_STATE", `the bridge answered the unknown state ${String(number)}`);
}

/** A log of a bridge about one message; undefined for any other log. */
export interface BridgeLog {
  readonly kind: "sent" | "cancelled" | "delivered";
  /** Lower case. */
  readonly messageId: string;
  /** Of `sent`. */
  readonly message: BridgeMessage | undefined;
}

const KINDS: Readonly<Record<string, BridgeLog["kind"]>> = {
  Sent: "sent",
  Cancelled: "cancelled",
  Delivered: "delivered",
};

/** First topics of the logs below. */
export const BRIDGE_TOPICS = {
  sent: topicOf("Sent"),
  cancelled: topicOf("Cancelled"),
  delivered: topicOf("Delivered"),
} as const;

function topicOf(name: "Sent" | "Cancelled" | "Delivered"): string {
  return bridgeAbi.getEvent(name).topicHash;
}

/** Reads a log. @returns undefined when it is none of these, or not the encoding of one. */
export function readBridgeLog(log: {
  readonly topics: readonly string[];
  readonly data: string;
}): BridgeLog | undefined {
  let parsed: LogDescription | null;
  try {
    parsed = bridgeAbi.parseLog(log);
  } catch {
    return undefined;
  }
  const kind = parsed === null ? undefined : KINDS[parsed.name];
  if (parsed === null || kind === undefined) return undefined;
  const messageId = String(parsed.args["messageId"]).toLowerCase();
  return { kind, messageId, message: kind === "sent" ? readMessage(parsed.args["message"]) : undefined };
}

/** A decoded struct, or an object with the same names, as a message. @throws PermanentError BRIDGE_MESSAGE */
export function readMessage(given: unknown): BridgeMessage {
  const fields = given as Readonly<Record<string, unknown>>;
  try {
    const number = (name: string): bigint => BigInt(fields[name] as bigint | string);
    const address = (name: string): string => getAddress(String(fields[name]));
    return {
      sourceChainId: number("sourceChainId"),
      nonce: number("nonce"),
      token: address("token"),
      sender: address("sender"),
      recipient: address("recipient"),
      amountUnits: number("amountUnits"),
      sentAt: number("sentAt"),
      expiresAt: number("expiresAt"),
      paidUnits: number("paidUnits"),
    };
  } catch (error) {
    throw new PermanentError("BRIDGE_MESSAGE", "this is no message of the bridge", undefined, {}, { cause: error });
  }
}

/** A message as JSON, numbers as decimal text. */
export function messageJson(message: BridgeMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(FIELDS.map(([name]) => [name, String(message[name])]));
}
