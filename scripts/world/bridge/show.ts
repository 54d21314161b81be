/** The bridge of the local world, for people. */
import type { LoadedParams } from "../../../protocol/params/load.js";
import { amount } from "../terminal.js";
import type { CrossingEvent } from "./crossings.js";
import type { BridgeFigures } from "./figures.js";

export function bridgeLines(figures: BridgeFigures): readonly string[] {
  const { sent, delivered, refunded, inFlight, deliverySeconds, conservation, faults } = figures;
  const { checks, violations, list } = conservation;
  return [
    `bridge: ${sent} sent, ${delivered} delivered (${deliverySeconds.p50} s, at most ${deliverySeconds.max} s), ${refunded} refunded, ${inFlight} in flight`,
    `  locked = minted + in flight: compared ${checks} times, ${violations} differences`,
    ...list.map((breach) => `  violation: ${breach}`),
    ...(faults === undefined
      ? []
      : [
          `  faults: ${faults.delayed} delayed, ${faults.duplicated} duplicated, ${faults.reordered} reordered, ${faults.dropped} dropped, ` +
            `${faults.attestorKills} attestors killed, ${faults.reorgs} reorganisations, ${faults.failedLooks} looks at a block that was taken away`,
        ]),
  ];
}

/** One line about what happened to a message. */
export function eventText({ kind, crossing }: CrossingEvent, { params }: LoadedParams): string {
  const { token, amountUnits, from, to, sentAt, deliveredAt } = crossing;
  // Its source may be looked at a moment later than its destination.
  const what =
    amountUnits === 0n
      ? "a message"
      : `${amount(amountUnits, params.tokens[token].decimals, token === "XAU" ? 3 : 2)} ${token}`;
  const seconds = sentAt === undefined || deliveredAt === undefined ? "" : ` after ${String(deliveredAt - sentAt)} s`;
  const texts = {
    sent: `${what} sent to ${to}`,
    accepted: `${what} from ${from} accepted, and cannot be paid yet`,
    delivered: `${what} from ${from} arrived${seconds}`,
    cancelled: `${what} from ${from} cancelled before it arrived`,
    refunded: `${what} to ${to} paid back`,
  } as const;
  return texts[kind];
}
