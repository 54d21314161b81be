/** Troubles of a redemption as sentences for somebody who was asleep: how bad it is, and what to do. */
import type { Severity } from "../../kit/alerts/alert.js";
import type { FollowUpAlert } from "./followUp.js";

interface Explanation {
  readonly severity: Severity;
  readonly summary: string;
}

const warning = (summary: string): Explanation => ({ severity: "warning", summary });
const critical = (summary: string): Explanation => ({ severity: "critical", summary });

const EXPLANATIONS: Readonly<Record<FollowUpAlert, Explanation>> = {
  "signature-late": critical(
    "The signers have not signed the redemption for 90 minutes; after two hours anybody may liquidate them. Look after the signers' clients.",
  ),
  "signature-timed-out": critical(
    "The signers have not signed the redemption in two hours: anybody may liquidate them now. A signature still helps as long as nobody has.",
  ),
  "proof-late": critical(
    "The redemption is not proven after five hours; after six anybody may liquidate the signers. The fee is raised before, which starts the time again.",
  ),
  "proof-timed-out": critical(
    "The redemption is not proven after six hours: anybody may liquidate the signers now. A proof still helps as long as nobody has.",
  ),
  "bump-impossible": critical(
    "The fee of the redemption cannot be raised any more: it was raised twice, or less than the least output would be left. Pay for it by a child.",
  ),
  "child-too-dear": warning(
    "A child that brings the redemption into the next block costs more than it may. Pay by hand, or wait for the fee to be raised.",
  ),
  "bitcoin-unknown": critical(
    "Fewer Bitcoin servers than must agree say the same: nothing is spent there. Name more servers.",
  ),
  "foreign-spend": critical(
    "The deposit's bitcoin was spent by a payment that the signers were never asked for: that is fraud, or a stolen key.",
  ),
  "relay-behind": critical(
    "The relay does not know the difficulty of the payment's block, so no proof is accepted. Somebody must bring it the headers.",
  ),
  "proof-invalid": critical("What the Bitcoin servers agree on makes no proof that the contract would take."),
  "request-invalid": critical("What was logged of the redemption makes no payment with the digest that was logged."),
  lost: critical(
    "The signers of the redemption are being liquidated. The redeemer can buy the bond with one lot of the token.",
  ),
};

export function explainAlert(alert: FollowUpAlert): Explanation {
  return EXPLANATIONS[alert];
}
