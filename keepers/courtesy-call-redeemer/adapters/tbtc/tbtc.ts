/** tBTC v1 behind the boundary of the core: deposits are positions, a redemption is a rescue. */
import { getBytes, isHexString } from "ethers";

import type { TbtcAddresses } from "../../../../protocol/tbtc/addresses.js";
import { UsageError } from "../../../../protocol/errors.js";
import { prefixedOutputScript } from "../../../../protocol/tbtc/units.js";
import type { Counters } from "../../../kit/counters.js";
import type { KeeperLog } from "../../../kit/logger.js";
import type { ChainClient } from "../../../kit/provider.js";
import type {
  Action,
  BlockRef,
  Discovered,
  ErrorClass,
  Position,
  Reading,
  RescueProtocol,
  Settlement,
  Simulation,
} from "../../types.js";
import type { Earnings } from "../../site.js";
import { AgreedReads } from "./agreedReads.js";
import { Bounties } from "./bounties.js";
import { BountyEarnings } from "./bountyEarnings.js";
import { BountySimulator } from "./bountySimulator.js";
import { classOf } from "./classify.js";
import type { TbtcCursor } from "./cursor.js";
import { Discovery, DISCOVERY_SETTINGS, type DiscoverySettings } from "./discovery.js";
import { Options, type Payout } from "./options.js";
import { Readings } from "./readings.js";
import { NO_BITCOIN, TbtcSettlement, type BitcoinSide } from "./settle.js";
import { Simulator } from "./simulate.js";

export interface TbtcRescueParts {
  readonly client: Pick<ChainClient, "ask" | "head" | "agreed" | "provider">;
  readonly addresses: TbtcAddresses;
  readonly payout: Payout;
  /** Escrow of bounties, for a wallet that rescues for them and in no other way; undefined: rescues are not paid for. */
  readonly escrow?: string;
  /** What buying a bond on auction costs its buyer beside the lot: what is at stake is reckoned with it. */
  readonly takerCostWei: bigint;
  /** Left out: redemptions are not followed on Bitcoin. */
  readonly bitcoin?: BitcoinSide;
  /** Age at which a price is stale, where the medianizer tells it; a day when left out. */
  readonly maxPriceAgeSeconds?: bigint;
  readonly discovery?: Partial<DiscoverySettings>;
  readonly counters: Counters;
  readonly log: KeeperLog;
}

const PRICE_SECONDS = 86_400n;

export class TbtcRescue implements RescueProtocol<TbtcCursor> {
  private readonly discovery: Discovery;
  private readonly readings: Readings;
  private readonly ways: Options;
  private readonly simulator: Simulator;
  private readonly settlement: TbtcSettlement;
  /** Absent, like the earnings: rescues are not paid for. */
  readonly listed?: NonNullable<RescueProtocol<TbtcCursor>["listed"]>;
  readonly earnings: Earnings | undefined;
  private readonly bounties: Bounties | undefined;
  private readonly bountySimulator: BountySimulator | undefined;

  /** @throws UsageError OUTPUT_SCRIPT_MALFORMED; UnitError OUTPUT_SCRIPT_UNSUPPORTED */
  constructor(parts: TbtcRescueParts) {
    const { client, addresses, payout, escrow, takerCostWei, bitcoin, maxPriceAgeSeconds, discovery } = parts;
    const { counters, log } = parts;
    // Fixed here once: nothing that happens later can change where the bitcoin goes.
    const pinned: Payout = Object.freeze({ ...payout, outputScript: checkedScript(payout.outputScript) });
    const settings = { ...DISCOVERY_SETTINGS, ...discovery };
    const { system, priceFeed } = addresses;
    const reads = new AgreedReads(client);
    this.readings = new Readings({
      ...{ client, system, priceFeed, takerCostWei },
      maxPriceAgeSeconds: maxPriceAgeSeconds ?? PRICE_SECONDS,
    });
    const onReorganised = (): void => {
      this.readings.forget();
    };
    this.discovery = new Discovery({ client, reads, addresses, settings, counters, log, onReorganised });
    this.ways = new Options({ reads, addresses, payout: pinned });
    this.simulator = new Simulator({ reads, addresses });
    this.settlement = new TbtcSettlement(client, reads, addresses, bitcoin ?? NO_BITCOIN);
    if (escrow === undefined) return;
    this.bounties = new Bounties({ client, reads, escrow, ways: this.ways });
    const { simulator, bounties } = this;
    this.listed = (positions, wallet, block) => bounties.listed(positions, wallet, block);
    this.bountySimulator = new BountySimulator({ reads, addresses, escrow, simulator, bounties });
    this.earnings = new BountyEarnings({ client, reads, addresses, escrow, bounties });
  }

  discover(cursor: TbtcCursor | undefined): Promise<Discovered<TbtcCursor>> {
    return this.discovery.discover(cursor);
  }

  async read(positions: readonly Position[], block: BlockRef): Promise<readonly Reading[]> {
    const readings = await this.readings.read(positions, block);
    return this.bounties === undefined ? readings : this.bounties.tell(readings, block);
  }

  /** Asked for many positions in one turn, the questions travel together. */
  options(reading: Reading, wallet: string, block: BlockRef): Promise<readonly Action[]> {
    return (this.bounties ?? this.ways).of(reading, wallet, block);
  }

  simulate(action: Action, wallet: string, block: BlockRef): Promise<Simulation> {
    return (this.bountySimulator ?? this.simulator).simulate(action, wallet, block);
  }

  settle(position: Position, since: number, block: BlockRef): Promise<Settlement> {
    return this.settlement.settle(position, since, block);
  }

  classifyError(error: unknown): ErrorClass {
    return classOf(error);
  }
}

/** The script with its length in front, if it is one that deposits pay to. */
function checkedScript(text: string): string {
  if (!isHexString(text) || text.length % 2 !== 0) throw malformed();
  const [length, ...script] = getBytes(text);
  if (length !== script.length) throw malformed();
  return prefixedOutputScript(Uint8Array.from(script));
}

function malformed(): UsageError {
  return new UsageError(
    "OUTPUT_SCRIPT_MALFORMED",
    "the output script is not hex of a script with its length in front",
    "derive it from the address of the destination",
  );
}
