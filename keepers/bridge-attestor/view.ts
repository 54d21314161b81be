/** The chain where signatures count, as enough nodes see it at one block. */
import { messageState, type BridgePlace, type MessageState } from "../../protocol/bridgeMessage.js";
import type { Head } from "../kit/provider.js";
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
  /** Blocks above one of the other chain before this amount may be attested here; 0: its finalized block. */
  readonly confirmations: bigint;
}

export interface BridgeView {
  readonly head: Head;
  readonly set: SetView;
  /** By message id. */
  readonly messages: ReadonlyMap<string, MessageView>;
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
const READS_PER_MESSAGE = 2;

/** @throws RetryableError NO_QUORUM, BRIDGE_MALFORMED; PermanentError BRIDGE_STATE. */
export async function viewBridge(
  witness: Witness,
  { bridge }: BridgePlace,
  head: Head,
  messages: readonly SeenMessage[],
): Promise<BridgeView> {
  const answers = await witness.read(head, [
    ...SET_VIEWS.map((view) => bridgeRead(bridge, view)),
    ...messages.flatMap(({ messageId, message }) => [
      bridgeRead(bridge, "statusOf", [messageId]),
      bridgeRead(bridge, "confirmationsFor", [message.token, message.amountUnits]),
    ]),
  ]);
  const byMessage = new Map(
    messages.map(({ messageId }, index) => {
      const at = SET_VIEWS.length + index * READS_PER_MESSAGE;
      const [state] = bridgeAnswer("statusOf", answers[at]) as unknown as [bigint];
      const [confirmations] = bridgeAnswer("confirmationsFor", answers[at + 1]) as unknown as [bigint];
      return [messageId, { state: messageState(state), confirmations }] as const;
    }),
  );
  return { head, set: readSet(answers), messages: byMessage };
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
