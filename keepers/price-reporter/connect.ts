/** Puts the parts of the reporter together: configuration, connection, feeds, keys, sources. Nothing is sent or started here. */
import { recordNames } from "../../protocol/addresses.js";
import { PermanentError } from "../../protocol/errors.js";
import { ISignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import { loadParams } from "../../protocol/params/load.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import {
  reservedTokenNames,
  tokenNames,
  type FeedSource,
  type ReservedToken,
  type TokenName,
} from "../../protocol/params/schema.js";
import { feedIdOf } from "../../protocol/signedRound.js";
import { parseBpsAsWad } from "../../protocol/units.js";
import { openChain, type ChainConnection } from "../kit/chain.js";
import type { Env } from "../kit/env.js";
import { loadKey } from "../kit/keys/load.js";
import type { KeeperLog } from "../kit/logger.js";
import { loadConfig, loadConfigs, SIGNING_KEY, type ReporterConfig } from "./config.js";
import { Cosigner, type CosignedFeed } from "./cosign.js";
import type { FeedTarget, SignedReport } from "./reporter.js";
import type { RoundSigner } from "./sign.js";
import { FilePrices, HttpPrices, PRICE_DECIMALS, readEndpoints, type PriceName, type PriceSource } from "./sources.js";
import { connectTarget, type ReportPolicy } from "./target.js";
import type { LastRound } from "./types.js";

export const KEEPER_NAME = "price-reporter";

/** The chain's signer only pays for gas; it needs no role. */
export interface Connection extends ChainConnection {
  readonly config: ReporterConfig;
  /** Sign rounds. Empty when no key is configured. */
  readonly roundSigners: () => Promise<readonly RoundSigner[]>;
  /** @throws PriceFileError; PermanentError SOURCES_MISSING, SOURCES_MALFORMED. */
  readonly prices: () => PriceSource;
}

/** @throws ConfigError with every problem of the environment; UsageError UNKNOWN_NETWORK. */
export function connect(network: string, env: Env, terminal: boolean, pricesFile: string | undefined): Connection {
  return connectWith(loadConfig(network, env), env, terminal, pricesFile);
}

/** Every network that the process serves, `network` first. @throws ConfigError with every problem of all; UsageError UNKNOWN_NETWORK. */
export function connectAll(
  network: string,
  env: Env,
  terminal: boolean,
  pricesFile: string | undefined,
): readonly Connection[] {
  return loadConfigs(network, env).map((config) => connectWith(config, env, terminal, pricesFile));
}

function connectWith(loaded: ReporterConfig, env: Env, terminal: boolean, pricesFile: string | undefined): Connection {
  const chain = openChain(loaded, KEEPER_NAME, env, terminal, loaded.localPayer);
  const { config, log } = chain;
  return {
    ...chain,
    roundSigners: async () => {
      const key = await loadKey(env, SIGNING_KEY);
      if (key?.source === "mnemonic-envelope") log.warn("key.weak", { source: key.source, better: "kms" });
      if (key !== undefined) return [key.account];
      return config.network.local ? developmentSigners(config) : [];
    },
    prices: () => openPrices(config, pricesFile, log),
  };
}

function openPrices(config: ReporterConfig, pricesFile: string | undefined, log: KeeperLog): PriceSource {
  if (pricesFile !== undefined) return new FilePrices(pricesFile);
  if (config.sourcesFile === undefined) {
    throw new PermanentError(
      "SOURCES_MISSING",
      "there is no price source",
      "set REPORTER_SOURCES_FILE or pass --prices FILE",
    );
  }
  const { httpTimeoutMs: timeoutMs, httpMaxBytes: maxBytes, minSources, maxDisagreementBps } = config;
  const limits = { timeoutMs, maxBytes, minSources, maxDisagreementBps };
  return new HttpPrices(
    readEndpoints(config.sourcesFile),
    limits,
    (token, host, reason) => {
      log.warn("source.failed", { token, host, reason });
    },
    (token, host) => {
      log.warn("source.outlier", { token, host });
    },
  );
}

function developmentSigners(config: ReporterConfig): RoundSigner[] {
  const { reporters } = loadParams(config.network.name, config.deploymentsFolder).params;
  const names =
    config.localSigners.length > 0 ? config.localSigners : reporters.addresses.slice(0, reporters.threshold);
  const wanted = new Set(names.map((address) => address.toLowerCase()));
  return developmentAccounts().filter(({ address }) => wanted.has(address.toLowerCase()));
}

/** One feed of the network with everything its contract enforces. */
export interface ConnectedFeed extends Omit<CosignedFeed, "price"> {
  readonly token: PriceName;
  /** In the record, and in the names of the policy's rules. */
  readonly name: string;
  readonly description: string;
  readonly address: string;
  readonly threshold: number;
  /** Reporters in force, as the chain says now. */
  readonly reporters: () => Promise<readonly string[]>;
  readonly target: FeedTarget;
}

/** Where a report goes. */
export type SentFeed = Pick<ConnectedFeed, "name" | "address" | "description">;

/** Sends to a feed the round that follows `last`. */
export type SendRound = (feed: SentFeed, report: SignedReport, last: LastRound | undefined) => Promise<string>;

/**
 * The feeds this process reports to. @throws PermanentError FEED_UNKNOWN when REPORTER_FEEDS names one that is not there, FEED_DIFFERS
 * when a contract has another id than its parameters; what the provider throws when one cannot be read.
 */
export async function connectFeeds(
  { config, client, deployment }: Connection,
  send: SendRound,
): Promise<readonly ConnectedFeed[]> {
  const { params } = loadParams(config.network.name, config.deploymentsFolder);
  const record = deployment();
  const speed = config.network.local ? config.localSpeed : 1;
  const planned = [
    ...tokenNames.flatMap(oracleFeeds),
    ...tokenNames.flatMap(referenceFeed),
    ...reservedTokenNames.flatMap(assetFeeds),
  ].flatMap(({ token, name, address, source }) => {
    if (source.kind !== "signed") return [];
    const policy: ReportPolicy = {
      deviationWad: parseBpsAsWad(source.deviationThresholdBps),
      heartbeatSeconds: BigInt(Math.max(1, Math.round(source.heartbeatSeconds / speed))),
    };
    return [{ token, name, address, description: source.description, policy }];
  });
  const missing = config.feeds.filter((feed) => !planned.some(({ description }) => description === feed));
  if (missing.length > 0) {
    throw new PermanentError("FEED_UNKNOWN", `no such feed: ${missing.join(", ")}`, "correct REPORTER_FEEDS", {
      known: planned.map(({ description }) => description).join(", "),
    });
  }
  const chosen = planned.filter(({ description }) => config.feeds.length === 0 || config.feeds.includes(description));
  return Promise.all(
    chosen.map(async ({ token, name, address, description, policy }) => {
      const feed = ISignedPriceFeed__factory.connect(address, client.provider);
      const feedId = feedIdOf({ description, decimals: PRICE_DECIMALS });
      const [onChain, threshold, maxDelaySeconds] = await Promise.all([
        feed.feedId(),
        feed.threshold(),
        feed.maxDelaySeconds(),
      ]);
      if (onChain.toLowerCase() !== feedId) {
        throw new PermanentError(
          "FEED_DIFFERS",
          `${description}: the contract has another feed id`,
          "check the record: npx hardhat deployment verify",
        );
      }
      const target = await connectTarget(description, address, policy, {
        provider: client.provider,
        sendTransaction: () => Promise.reject(new Error("rounds go through the submitter")),
      });
      return {
        token,
        name,
        description,
        address,
        feedId,
        threshold: Number(threshold),
        maxDelaySeconds,
        minAnswer: target.settings.minAnswer,
        maxAnswer: target.settings.maxAnswer,
        last: async () => (await target.readState()).last,
        reporters: () => feed.signers(),
        target: {
          name: target.name,
          settings: target.settings,
          readState: () => target.readState(),
          send: (report, last) => send({ name, address, description }, report, last),
        },
      };
    }),
  );

  function oracleFeeds(token: TokenName): PlannedReport[] {
    const addresses = record.feeds(token);
    return params.oracle.tokens[token].sources.flatMap((source, index) => {
      const address = addresses[index];
      return address === undefined ? [] : [{ token, name: recordNames.feed(token, index), address, source }];
    });
  }

  function referenceFeed(token: TokenName): PlannedReport[] {
    const source = params.peg.tokens[token].reference;
    if (source === null) return [];
    const name = recordNames.reference(token);
    return [{ token: `reference:${token}`, name, address: record.address(name), source }];
  }

  function assetFeeds(token: ReservedToken): PlannedReport[] {
    const addresses = record.reserveFeeds(token);
    return params.reserves.tokens[token].price.sources.flatMap((source, index) => {
      const address = addresses[index];
      const name = recordNames.reserveFeed(token, index);
      return address === undefined ? [] : [{ token: `reserve:${token}` as const, name, address, source }];
    });
  }
}

interface PlannedReport {
  readonly token: PriceName;
  readonly name: string;
  readonly address: string;
  readonly source: FeedSource;
}

/** What answers the peers, on the same feeds, keys and sources as this process reports with. */
export function createCosigner(
  { config, client }: Connection,
  feeds: readonly ConnectedFeed[],
  own: readonly RoundSigner[],
  prices: PriceSource,
): Cosigner {
  // A local chain's clock runs ahead after many quick blocks; elsewhere this machine's own clock is the check on the asking peer's.
  const now = async (): Promise<bigint> =>
    config.network.local ? BigInt((await client.head()).timestamp) : BigInt(Math.floor(Date.now() / 1000));
  return new Cosigner(cosignedFeeds(feeds, prices), own, config.toleranceBps, BigInt(config.maxAheadSeconds), now);
}

/** The feeds as a co-signer checks them. */
export function cosignedFeeds(feeds: readonly ConnectedFeed[], prices: PriceSource): readonly CosignedFeed[] {
  return feeds.map((feed) => ({ ...feed, price: () => prices.read(feed) }));
}
