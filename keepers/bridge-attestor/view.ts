/** The chain where signatures count, as enough nodes see it at one block. */
import { messageState, type BridgePlace, type MessageState } from "../../protocol/bridgeMessage.js";
import type { Head } from "../kit/provider.js";
import type { Tier } from "./depth.js";
import { bridgeAnswer, bridgeRead } from "./reads.js";
import type { SeenMessage } from "./types.js";
import type { Witness } from "./witness.js";

export interface SetView {
  readonly epoch: bigint;
  readonly threshold: number;
  /** Checksummed, ascending. */
  readonly members: ReadonlySet<string>;
  readonly remoteChainId: bigint;
  readonly remoteBridge: string;
  /** Unix seconds; deliveries are held until then. */
  readonly pausedUntil: bigint;
  /** An announced set; `readyAt` 0: none. */
  readonly scheduled: { readonly count: number; readonly threshold: number; readonly readyAt: bigint };
}

export interface MessageView {
  readonly state: MessageState;
  /** The epoch that accepted it; 0: none has. Of another epoch than the one in force, it is attested again. */
  readonly acceptedEpoch: bigint;
}

export interface BridgeView {
  readonly head: Head;
  readonly set: SetView;
  /** By message id. */
  readonly messages: ReadonlyMap<string, MessageView>;
  /** By token: how deep in the other chain lies what may be attested here. */
  readonly tiers: ReadonlyMap<string, readonly Tier[]>;
}

const SET_VIEWS = [
  "attestorEpoch",
  "attestorThreshold",
  "attestors",
  "remoteChainId",
  "remoteBridge",
  "pausedUntil",
  "scheduledAttestors",
] as const;
const MESSAGE_VIEWS = ["statusOf", "acceptedEpoch"] as const;

/** @throws RetryableError NO_QUORUM, BRIDGE_MALFORMED; PermanentError BRIDGE_STATE. */
export async function viewBridge(
  witness: Witness,
  { bridge }: BridgePlace,
  head: Head,
  messages: readonly SeenMessage[],
): Promise<BridgeView> {
  const tokens = [...new Set(messages.map(({ message }) => message.token))];
  const answers = await witness.read(head, [
    ...SET_VIEWS.map((view) => bridgeRead(bridge, view)),
    ...tokens.map((token) => bridgeRead(bridge, "tiers", [token])),
    ...messages.flatMap(({ messageId }) => MESSAGE_VIEWS.map((view) => bridgeRead(bridge, view, [messageId]))),
  ]);
  const rest = answers.slice(SET_VIEWS.length);
  const tiers = new Map(
    tokens.map((token, index) => {
      const [listed] = bridgeAnswer("tiers", rest[index]) as unknown as [readonly Tier[]];
      return [token, listed.map(({ fromUnits, confirmations }) => ({ fromUnits, confirmations }))] as const;
    }),
  );
  const byMessage = new Map(
    messages.map(({ messageId }, index) => {
      const at = tokens.length + index * MESSAGE_VIEWS.length;
      const [state, acceptedEpoch] = MESSAGE_VIEWS.map(
        (view, which) => bridgeAnswer(view, rest[at + which])[0] as unknown,
      ) as [bigint, bigint];
      return [messageId, { state: messageState(state), acceptedEpoch }] as const;
    }),
  );
  return { head, set: readSet(answers), messages: byMessage, tiers };
}

function readSet(answers: readonly unknown[]): SetView {
  const values = SET_VIEWS.map((view, index) => bridgeAnswer(view, answers[index]));
  const [epoch, threshold, members, remoteChainId, remoteBridge, pausedUntil] = values.map(
    (value): unknown => value[0],
  ) as [bigint, bigint, readonly string[], bigint, string, bigint];
  const [announced, wanted, readyAt] = (values.at(-1) ?? []) as unknown as [readonly string[], bigint, bigint];
  return {
    ...{ epoch, threshold: Number(threshold), members: new Set(members), remoteChainId, remoteBridge, pausedUntil },
    scheduled: { count: announced.length, threshold: Number(wanted), readyAt },
  };
}
