/** The protocols that this keeper rescues in, by the name that settings give them: the one place that chooses. */
import type { CheckPlan } from "../kit/doctor.js";
import type { Counters } from "../kit/counters.js";
import { aaveChecks } from "./adapters/aave/checks.js";
import type { AaveConfig } from "./adapters/aave/settings.js";
import { aaveSite, namedAccounts } from "./adapters/aave/site.js";
import { tbtcChecks } from "./adapters/tbtc/checks.js";
import { tbtcSite } from "./adapters/tbtc/site.js";
import type { ChildSigner } from "./bitcoin/child.js";
import type { BitcoinConfig } from "./bitcoin/config.js";
import type { RedeemerConfig } from "./config.js";
import type { Connection } from "./connect.js";
import type { RescueSite } from "./site.js";

interface OpenParts {
  readonly counters: Counters;
  /** Blocks under which nothing is unwound any more. */
  readonly confirmations: number;
  /** Of the destination's key on Bitcoin, where there is one. */
  readonly childSigner: ChildSigner | undefined;
}

interface Protocol {
  /** @throws UsageError or PermanentError about what its settings name. */
  open(connection: Connection, parts: OpenParts): RescueSite;
  /** Made before the site is looked at; which of them keep it from starting is doctor's. */
  checks(connection: Connection): readonly CheckPlan[];
}

const PROTOCOLS: Readonly<Record<RedeemerConfig["protocol"], Protocol>> = {
  tbtc: {
    open: ({ client, config, log }, parts) => tbtcSite({ client, config, bitcoin: settling(config), log, ...parts }),
    checks: ({ config }) => tbtcChecks(settling(config), config.mode),
  },
  "aave-v3": {
    open: ({ client, config, log }, { counters }) => {
      const { operators, minBlock, validBlocks, network } = config;
      const { blockMs } = network;
      return aaveSite({ client, config: lending(config), operators, minBlock, validBlocks, blockMs, counters, log });
    },
    checks: ({ client, config, signer }) =>
      aaveChecks({
        client,
        config: lending(config),
        accounts: namedAccounts(config.operators),
        wallet: async () => (await signer())?.address,
      }),
  },
};

export function protocolOf({ protocol }: Pick<RedeemerConfig, "protocol">): Protocol {
  return PROTOCOLS[protocol];
}

/** Settings were read for the protocol that they name. */
function lending({ aave }: Pick<RedeemerConfig, "aave">): AaveConfig {
  return aave ?? unread();
}

function settling({ bitcoin }: Pick<RedeemerConfig, "bitcoin">): BitcoinConfig {
  return bitcoin ?? unread();
}

function unread(): never {
  throw new RangeError("settings of another protocol");
}
