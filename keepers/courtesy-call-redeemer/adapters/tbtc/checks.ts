/** What `doctor` says about redemptions before it looks at the system. */
import type { CheckPlan } from "../../../kit/doctor.js";
import type { BitcoinConfig } from "../../bitcoin/config.js";
import type { Mode } from "../../types.js";

export function tbtcChecks({ destination }: Pick<BitcoinConfig, "destination">, mode: Mode): readonly CheckPlan[] {
  return [
    {
      name: "destination",
      expected: "an address to which deposits pay, or none while only watching",
      fix: "set BTC_WALLET_PUBLIC_KEY and BTC_NETWORK; bc1p addresses are not paid",
      look: () => {
        if (destination === undefined) return Promise.resolve({ ok: mode === "watch", found: "none" });
        const { address, kind, network } = destination;
        return Promise.resolve({ ok: true, found: `${address} (${kind}, ${network})` });
      },
    },
  ];
}
