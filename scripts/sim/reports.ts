/** The reporters of a simulation: the feeds' sources look at the market at the end of a block, their rounds arrive in the next one. */
import { SigningKey } from "ethers";

import { recordNames, type Deployment } from "../../protocol/addresses.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { tokenNames, type NetworkParams } from "../../protocol/params/schema.js";
import { encodeSubmit, feedIdOf, roundDigest } from "../../protocol/signedRound.js";
import { FEED_DECIMALS } from "../deploy/blueprint.js";
import { FeedFollower, type DueReport, type FeedSpec } from "../market/feeds.js";
import type { MarketToken, UsdPrices } from "../market/outside.js";
import type { Rng } from "../market/rng.js";
import type { SimReceipt, SimTransaction } from "./chain.js";

/** Whose feeds are reported, and by which account the rounds are sent. */
export interface ReportSetup {
  readonly params: NetworkParams;
  readonly deployment: Deployment;
  readonly tokens: ReadonlySet<MarketToken>;
  readonly sender: string;
  /** Blocks by which rounds arrive later than on the other chain, which gets the same ones; none without it. */
  readonly lagBlocks?: number;
}

interface Look {
  readonly atSeconds: number;
  readonly market: UsdPrices;
  readonly references: UsdPrices;
}

interface Reporter {
  readonly address: string;
  readonly key: SigningKey;
}

/** The signed feeds of a deployment with what makes them report. */
export function feedSpecs(params: NetworkParams, deployment: Deployment): FeedSpec[] {
  return tokenNames.flatMap((token) => {
    const addresses = deployment.feeds(token);
    return params.oracle.tokens[token].sources.flatMap((source, index) => {
      const address = addresses[index];
      if (source.kind !== "signed" || address === undefined) return [];
      return {
        address,
        token,
        feedId: feedIdOf({ description: source.description, decimals: FEED_DECIMALS }),
        deviationThreshold: Number(source.deviationThresholdBps) / 10_000,
        heartbeatSeconds: source.heartbeatSeconds,
      };
    });
  });
}

/** The signed reference feeds, by the token whose peg they are the measure of; they are told the price of a unit of the reference. */
export function referenceSpecs(params: NetworkParams, deployment: Deployment): FeedSpec[] {
  return tokenNames.flatMap((token) => {
    const { reference } = params.peg.tokens[token];
    if (reference?.kind !== "signed") return [];
    return {
      address: deployment.address(recordNames.reference(token)),
      token,
      feedId: feedIdOf({ description: reference.description, decimals: FEED_DECIMALS }),
      deviationThreshold: Number(reference.deviationThresholdBps) / 10_000,
      heartbeatSeconds: reference.heartbeatSeconds,
    };
  });
}

/** What a unit of each token's reference is worth when a whole token is worth `references`. */
export function perUnit(params: NetworkParams, references: UsdPrices): UsdPrices {
  const of = (token: MarketToken): number => references[token] / Number(params.peg.tokens[token].par);
  return { cUSDT: of("cUSDT"), cUSDC: of("cUSDC"), cEURT: of("cEURT"), XAU: of("XAU") };
}

/** Development keys of as many reporters as a round needs. */
export function reporterKeys(params: NetworkParams): Reporter[] {
  return params.reporters.addresses.slice(0, params.reporters.threshold).map((address) => {
    const account = developmentAccounts().find((wallet) => wallet.address.toLowerCase() === address.toLowerCase());
    if (account === undefined) throw new Error(`reporter ${address} is no development account`);
    return { address: account.address, key: new SigningKey(account.privateKey) };
  });
}

export class Reports {
  /** Rounds that a feed refused (outside its hard bounds, for example). */
  refused = 0;
  accepted = 0;
  readonly #follower: FeedFollower;
  readonly #references: FeedFollower;
  readonly #params: NetworkParams;
  readonly #reporters: readonly Reporter[];
  readonly #tokens: ReadonlySet<MarketToken>;
  readonly #sender: string;
  readonly #lagBlocks: number;
  /** Looks at the market whose rounds have not been sent, oldest first. */
  readonly #looks: Look[] = [];
  #due: DueReport[] = [];
  #sent: DueReport[] = [];

  /** Reports the feeds of `tokens`; `sender` carries the signed rounds, as anybody may. */
  constructor(setup: ReportSetup, initial: UsdPrices, rng: Rng) {
    const { params, deployment, tokens, sender, lagBlocks = 0 } = setup;
    this.#lagBlocks = lagBlocks;
    this.#follower = new FeedFollower(feedSpecs(params, deployment), initial, FEED_DECIMALS, rng);
    // Their own readings: the oracle's feeds see what they saw without them.
    const references = referenceSpecs(params, deployment);
    this.#references = new FeedFollower(references, perUnit(params, initial), FEED_DECIMALS, rng.stream("references"));
    this.#params = params;
    this.#tokens = tokens;
    this.#reporters = reporterKeys(params);
    this.#sender = sender;
  }

  /** At the end of a block. */
  look(atSeconds: number, market: UsdPrices, references: UsdPrices): void {
    this.#looks.push({ atSeconds, market, references });
    if (this.#looks.length <= this.#lagBlocks) return;
    const seen = this.#looks.shift();
    if (seen === undefined) return;
    this.#due = [
      ...this.#follower.look(seen.atSeconds, seen.market, this.#tokens),
      ...this.#references.look(seen.atSeconds, perUnit(this.#params, seen.references), this.#tokens),
    ];
  }

  /** Transactions of the rounds seen in the block before, or the lag earlier; `before` is the timestamp of the block before. */
  transactions(before: number): SimTransaction[] {
    const observedAt = before - this.#lagBlocks * Number(this.#params.blockSeconds);
    this.#sent = this.#due;
    this.#due = [];
    return this.#sent.map((report) => {
      const { feedId, address } = report.feed.spec;
      const round = { roundId: report.feed.roundId + 1n, answer: report.answer, observedAt: BigInt(observedAt) };
      const digest = roundDigest(feedId, round);
      const signatures = this.#reporters.map(({ address: signer, key }) => ({
        signer,
        signature: key.sign(digest).serialized,
      }));
      return { from: this.#sender, to: address, data: encodeSubmit(round, signatures) };
    });
  }

  /** Whether no feed is late: then only a round can change what the oracle says. `atSeconds` as for `look`. */
  isFresh(atSeconds: number): boolean {
    return this.#follower.feeds.every(
      ({ spec, reportedAt }) => !this.#tokens.has(spec.token) || atSeconds - reportedAt <= spec.heartbeatSeconds,
    );
  }

  /** The newest round of each feed that is reported; seconds from the start. */
  rounds(): { feedId: string; token: MarketToken; roundId: bigint; answer: bigint; reportedAt: number }[] {
    return this.#follower.feeds
      .filter(({ spec }) => this.#tokens.has(spec.token))
      .map(({ spec, price, roundId, reportedAt }) => {
        const answer = BigInt(Math.round(price * 10 ** FEED_DECIMALS));
        return { feedId: spec.feedId, token: spec.token, roundId, answer, reportedAt };
      });
  }

  /** Whether rounds were sent in the block that was just made; then their receipts belong to `settle`. */
  get sentCount(): number {
    return this.#sent.length;
  }

  settle(receipts: readonly SimReceipt[]): void {
    this.#sent.forEach((report, index) => {
      if (receipts[index]?.ok === true) {
        this.#follower.confirm(report);
        this.accepted += 1;
      } else {
        this.refused += 1;
      }
    });
    this.#sent = [];
  }
}
