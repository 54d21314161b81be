/** Reserves and capital buckets of the local world: every refill, every change of a tier, P and T once a minute, and all of it at the end. */
import { ICapitalBuckets__factory, IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import {
  BUCKETS,
  decodeReserveSnapshot,
  reserveSnapshotCall,
  type ReserveSnapshot,
} from "../../protocol/reserveLens.js";
import { reservesReport, type ReservesReport } from "../../protocol/reservesReport.js";
import { reserveRows } from "../report/reserves.js";
import type { WorldChain } from "./chain.js";
import { amount, type Terminal } from "./terminal.js";

const bucketsAbi = ICapitalBuckets__factory.createInterface();
const oracleAbi = IXAUOracle__factory.createInterface();
/** Blocks between two reports without news: a minute. */
const SHOWN_EVERY = 30;

export class WorldReserves {
  /** Refills since the start. */
  refills = 0;
  #shownAt = 0;
  #tiers = "";

  constructor(
    private readonly chain: WorldChain,
    private readonly terminal: Terminal,
  ) {}

  /** Looks at one more block. */
  async look(block: number): Promise<void> {
    await this.#showRefills(block);
    const { tokens } = await this.#snapshot();
    const tiers = tokens.map(({ token, reserve }) => `${token} ${reserve?.tier ?? ""}`);
    const isNews = tiers.join() !== this.#tiers;
    if (!isNews && block - this.#shownAt < SHOWN_EVERY) return;
    [this.#tiers, this.#shownAt] = [tiers.join(), block];
    for (const [label, text] of reserveRows(await this.report())) this.terminal.event(block, label, "grey", text);
  }

  /** At the newest block. */
  async report(): Promise<ReservesReport> {
    const { rpc, deployment } = this.chain;
    const value = async (token: string, units: bigint): Promise<bigint> => {
      const question = oracleAbi.encodeFunctionData("valueInXau", [token, units]);
      return BigInt(await rpc.call(deployment.address("XAUOracle"), question));
    };
    return reservesReport(await this.#snapshot(), (address) => deployment.tokenAt(address), value);
  }

  async #snapshot(): Promise<ReserveSnapshot> {
    const { rpc, deployment } = this.chain;
    const { to, data } = reserveSnapshotCall(deployment.address("ReserveLens"));
    return decodeReserveSnapshot(await rpc.call(to, data));
  }

  async #showRefills(block: number): Promise<void> {
    const { rpc, deployment } = this.chain;
    for (const log of await rpc.logs(deployment.address("CapitalBuckets"), block, block)) {
      const event = bucketsAbi.parseLog({ topics: [...log.topics], data: log.data });
      if (event?.name !== "Refilled") continue;
      this.refills += 1;
      const scarce = this.#shown(String(event.args["scarce"]), BigInt(String(event.args["amountUnits"])));
      const paid = this.#shown(String(event.args["surplus"]), BigInt(String(event.args["paidUnits"])));
      const bucket = BUCKETS[Number(event.args["bucket"])] ?? "?";
      this.terminal.event(block, "refill", "blue", `bucket ${bucket}: ${scarce} out of E for ${paid}`);
    }
  }

  #shown(address: string, units: bigint): string {
    const { deployment, loaded } = this.chain;
    const name = deployment.tokenAt(address);
    if (name === undefined) return `${units.toString()} units of ${address}`;
    return `${amount(units, loaded.params.tokens[name].decimals, name === "XAU" ? 3 : 0)} ${name}`;
  }
}
