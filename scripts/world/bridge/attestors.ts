/** The attestors of the local world's bridge: three programs that know nothing of each other but their addresses, each with its own keys and database. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { localAddress } from "../accounts.js";
import type { WorldChain } from "../chain.js";
import { freePort } from "../child.js";
import { KeeperCopies, type CopiesReport, type Excuses } from "../copies.js";
import type { WorldDatabase } from "../database.js";
import { endAll } from "../endAll.js";
import { Wire, type Passage } from "./wire.js";

export const ATTESTOR = "bridge-attestor";
/** Between their turns: with blocks of two seconds a dead one is not waited for for long. */
const TURN_BLOCKS = "2";

export interface AttestorsParts {
  /** The first one is the `--network`. */
  readonly chains: readonly [WorldChain, WorldChain];
  readonly postgres: WorldDatabase;
  readonly folder: string;
  readonly mayCross: Passage;
  readonly excuses: Excuses;
}

interface Attestor {
  readonly copies: KeeperCopies;
  /** Where it serves its signatures. */
  readonly url: string;
  readonly wire: Wire;
}

export class Attestors {
  #restarting: Promise<void> = Promise.resolve();
  #longestMs = 0;
  #next = 0;

  private constructor(private readonly all: readonly Attestor[]) {}

  /** Starts every process and waits for none. */
  static async start({ chains, postgres, folder, mayCross, excuses }: AttestorsParts): Promise<Attestors> {
    const { addresses } = chains[0].loaded.params.bridge.attestors.first;
    const wires: Wire[] = [];
    const all: Attestor[] = [];
    try {
      const places: { readonly address: string; readonly port: number; readonly url: string; readonly wire: Wire }[] =
        [];
      for (const address of addresses) {
        const port = await freePort();
        const url = `http://127.0.0.1:${String(port)}`;
        const wire = await Wire.open(url, mayCross);
        wires.push(wire);
        places.push({ address, port, url, wire });
      }
      for (const [index, { address, port, url, wire }] of places.entries()) {
        const title = `${ATTESTOR} ${String(index + 1)}`;
        const own = join(folder, `attestor-${String(index + 1)}`);
        mkdirSync(own, { recursive: true });
        const peers = places.filter((place) => place.address !== address).map((place) => place.wire.url);
        const env = {
          ATTESTOR_LOCAL_SIGNER: address,
          ATTESTOR_LOCAL_PAYER: localAddress("attestorPayers", index),
          ATTESTOR_LISTEN_PORT: String(port),
          ATTESTOR_PEERS: peers.join(","),
          ATTESTOR_TURN_BLOCKS: TURN_BLOCKS,
          ATTESTOR_REQUESTS_PER_SECOND: "1000",
        };
        const setup = { ...{ keeper: ATTESTOR, title, chains, copies: 1, env, excuses }, worldChains: chains.length };
        const database = await postgres.another();
        all.push({ copies: await KeeperCopies.start({ ...setup, folder: own, postgres: database }), url, wire });
      }
    } catch (error) {
      await endAll([
        ...all.map(
          ({ copies }) =>
            () =>
              copies.stop(),
        ),
        ...wires.map((wire) => () => wire.close()),
      ]);
      throw error;
    }
    return new Attestors(all);
  }

  get copies(): readonly KeeperCopies[] {
    return this.all.map(({ copies }) => copies);
  }

  /** Where signatures are, past the wires: anybody may read them. */
  get urls(): readonly string[] {
    return this.all.map(({ url }) => url);
  }

  /** The accounts that pay for what they carry. */
  get payers(): readonly string[] {
    return this.all.map((_, index) => localAddress("attestorPayers", index));
  }

  get errors(): readonly string[] {
    return this.copies.flatMap(({ errors }) => errors);
  }

  /** Until every one of them works at both ends. @throws PermanentError KEEPER_GONE */
  async ready(signal: AbortSignal): Promise<void> {
    await Promise.all(this.copies.map((each) => each.led(signal)));
  }

  /** @throws PermanentError KEEPER_GONE when one has ended by itself. */
  assertRunning(): void {
    for (const each of this.copies) each.assertRunning();
  }

  /**
   * Kills one of them and starts it anew; the others go on meanwhile. @returns its name, and when it works again with how long that took;
   * undefined while another one is not back yet.
   */
  kill(signal: AbortSignal): { readonly title: string; readonly back: Promise<number> } | undefined {
    if (this.#isRestarting) return undefined;
    const copies = this.copies[this.#next % this.all.length];
    this.#next += 1;
    if (copies === undefined) return undefined;
    this.#isRestarting = true;
    const killedMs = performance.now();
    const back = copies
      .restart()
      .then(() => copies.led(signal))
      .then(() => {
        const ms = performance.now() - killedMs;
        this.#longestMs = Math.max(this.#longestMs, Math.round(ms));
        return ms;
      })
      .finally(() => {
        this.#isRestarting = false;
      });
    this.#restarting = back.then(
      () => undefined,
      () => undefined,
    );
    return { title: copies.title, back };
  }

  /** Ends all of them. What they carried is asked of the chains. */
  async stop(): Promise<CopiesReport> {
    await this.#restarting;
    const reports = await Promise.all(this.copies.map((each) => each.stop()));
    await Promise.all(this.all.map(({ wire }) => wire.close()));
    const skips: Record<string, number> = {};
    for (const report of reports) {
      for (const [reason, count] of Object.entries(report.skips)) skips[reason] = (skips[reason] ?? 0) + count;
    }
    return {
      skips,
      errors: this.errors.length,
      copies: this.all.length,
      kills: reports.reduce((sum, { kills }) => sum + kills, 0),
      takeOverMsMax: this.#longestMs,
    };
  }

  #isRestarting = false;
}
