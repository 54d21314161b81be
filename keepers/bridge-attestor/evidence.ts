/** What the other chain says about messages, each at the block up to which it is believed. */
import {
  BRIDGE_TOPICS,
  messageIdOf,
  messageState,
  readBridgeLog,
  type AttestationKind,
  type BridgeLog,
  type BridgePlace,
  type BridgeWay,
} from "../../protocol/bridgeMessage.js";
import type { MoneyRead } from "../kit/providers/agreement.js";
import { bridgeAnswer, bridgeRead } from "./reads.js";
import type { Evidence, EvidenceLog } from "./types.js";
import { logsRead, readLogs, type Witness, type WitnessedBlock, type WitnessedLog } from "./witness.js";

/** One question. */
export interface EvidenceAsk {
  readonly kind: AttestationKind;
  readonly way: BridgeWay;
  readonly messageId: string;
  /** Where the bridge is asked; undefined: there is no block that is deep enough. */
  readonly block: WitnessedBlock | undefined;
  /** Block of the log that is wanted, as far as it was seen. */
  readonly logBlock: number | undefined;
  /** Block where a log says that it was delivered there; one node may have invented it. */
  readonly deliveredBlock: number | undefined;
}

/**
 * Evidence by message id; none for a message without a block to ask at. `place`: the bridge that is asked.
 * @throws RetryableError NO_QUORUM, BRIDGE_MALFORMED.
 */
export async function gatherEvidence(
  witness: Witness,
  place: BridgePlace,
  asks: readonly EvidenceAsk[],
): Promise<ReadonlyMap<string, Evidence>> {
  const found = new Map<string, Evidence>();
  for (const block of new Set(asks.map((ask) => ask.block))) {
    if (block === undefined) continue;
    const group = asks.filter((ask) => ask.block === block);
    const plans = group.map((ask) => {
      const wanted = ask.kind === "deliver" ? ("sent" as const) : ("cancelled" as const);
      const logs = [
        ...logReads(place, ask, wanted, ask.logBlock, block.number),
        ...logReads(place, ask, "delivered", ask.deliveredBlock, block.number),
      ];
      return { ask, wanted, reads: [bridgeRead(place.bridge, "statusOf", [ask.messageId]), ...logs] };
    });
    const answers = await witness.read(
      block,
      plans.flatMap(({ reads }) => reads),
    );
    let at = 0;
    for (const { ask, wanted, reads } of plans) {
      const [state, ...logs] = answers.slice(at, at + reads.length);
      at += reads.length;
      const read = logs.flatMap((answer) => readLogs(answer));
      const [status] = bridgeAnswer("statusOf", state) as unknown as [bigint];
      found.set(ask.messageId, {
        ...{ block: block.number, hash: block.hash, state: messageState(status) },
        log: logOf(place, ask, wanted, read),
        everDelivered: logOf(place, ask, "delivered", read) !== undefined,
      });
    }
  }
  return found;
}

/** Nothing where no log was seen, or not deep enough. */
function logReads(
  { bridge }: BridgePlace,
  { messageId }: EvidenceAsk,
  topic: keyof typeof BRIDGE_TOPICS,
  at: number | undefined,
  settled: number,
): readonly MoneyRead[] {
  return at === undefined || at > settled ? [] : [logsRead(bridge, [BRIDGE_TOPICS[topic], messageId], at)];
}

/** The log that was asked for; a node may not answer with others. */
function logOf(
  { bridge }: BridgePlace,
  { way, messageId }: EvidenceAsk,
  wanted: BridgeLog["kind"],
  logs: readonly WitnessedLog[],
): EvidenceLog | undefined {
  for (const entry of logs) {
    const log = entry.address.toLowerCase() === bridge.toLowerCase() ? readBridgeLog(entry) : undefined;
    if (log?.kind !== wanted || log.messageId !== messageId) continue;
    const hashedId = log.message === undefined ? undefined : messageIdOf(way, log.message);
    return { block: entry.block, messageId, hashedId };
  }
  return undefined;
}
