/** The price reporters of the local world: one per feed, each with its own look at the outside market. */
import { parseUnits } from "ethers";

import { recordNames } from "../../protocol/addresses.js";
import { IXAUOracle__factory } from "../../protocol/generated/contracts/index.js";
import { developmentAccounts } from "../../protocol/params/rules.js";
import { reservedTokenNames, tokenNames, type FeedSource, type TokenName } from "../../protocol/params/schema.js";
import { encodeSubmit } from "../../protocol/signedRound.js";
import { parseBpsAsWad } from "../../protocol/units.js";
import { PriceReporter, signedBy, type FeedTarget } from "../../keepers/price-reporter/reporter.js";
import { connectTarget } from "../../keepers/price-reporter/target.js";
import { FEED_DECIMALS } from "../deploy/blueprint.js";
import { perUnit } from "../sim/reports.js";
import { READING_NOISE } from "../market/feeds.js";
import type { UsdPrices } from "../market/outside.js";
import type { Rng } from "../market/rng.js";
import type { WorldChain } from "./chain.js";
import type { Terminal } from "./terminal.js";

const oracleAbi = IXAUOracle__factory.createInterface();

/** A round that a reporter has signed and sent, or kept back for somebody else to send. */
export interface SignedCall {
  readonly token: TokenName;
  readonly feed: string;
  readonly data: string;
}

/** The token itself, what it is pegged to, or the asset that it is minted against. */
type About = "token" | "reference" | "asset";

interface Source {
  readonly token: TokenName;
  readonly about: About;
  readonly reporter: PriceReporter;
}

/** A signed feed of the deployment. */
interface Signed {
  readonly token: TokenName;
  readonly about: About;
  readonly feed: string;
  readonly source: Extract<FeedSource, { kind: "signed" }>;
}

/** The oracle's feeds, then the references and the reserve assets: the order in which readings are drawn. */
function signedFeeds({ deployment, loaded: { params } }: WorldChain): readonly Signed[] {
  const feeds = tokenNames.flatMap((token) => {
    const addresses = deployment.feeds(token);
    return params.oracle.tokens[token].sources.flatMap((source, index) => {
      const feed = addresses[index];
      return source.kind === "signed" && feed !== undefined ? { token, about: "token" as const, feed, source } : [];
    });
  });
  const references = tokenNames.flatMap((token) => {
    const source = params.peg.tokens[token].reference;
    if (source?.kind !== "signed") return [];
    return { token, about: "reference" as const, feed: deployment.address(recordNames.reference(token)), source };
  });
  const assets = reservedTokenNames.flatMap((token) => {
    const addresses = deployment.reserveFeeds(token);
    return params.reserves.tokens[token].price.sources.flatMap((source, index) => {
      const feed = addresses[index];
      return source.kind === "signed" && feed !== undefined ? { token, about: "asset" as const, feed, source } : [];
    });
  });
  return [...feeds, ...references, ...assets];
}

export class Reporters {
  rounds = 0;
  failed = 0;
  readonly #sources: readonly Source[];
  readonly #rng: Rng;
  /** Rounds of this token are handed to the attacker instead of being sent, once. */
  #diverted: { token: TokenName; calls: SignedCall[] } | undefined;

  private constructor(
    private readonly chain: WorldChain,
    private readonly terminal: Terminal,
    rng: Rng,
    sources: (self: () => Reporters) => readonly Source[],
  ) {
    this.#rng = rng.stream("readings");
    this.#sources = sources(() => this);
  }

  /** Connects one reporter per signed feed. `speed` shortens the heartbeats. */
  static async connect(chain: WorldChain, terminal: Terminal, rng: Rng, speed: number): Promise<Reporters> {
    const { params } = chain.loaded;
    const signers = params.reporters.addresses.slice(0, params.reporters.threshold).map((address) => {
      const wallet = developmentAccounts().find((account) => account.address.toLowerCase() === address.toLowerCase());
      if (wallet === undefined) throw new Error(`reporter ${address} is no development account`);
      return wallet;
    });
    const sender = signers[0]?.address ?? "";
    const prepared: (Signed & { readonly target: FeedTarget })[] = [];
    for (const signed of signedFeeds(chain)) {
      const policy = {
        deviationWad: parseBpsAsWad(signed.source.deviationThresholdBps),
        heartbeatSeconds: BigInt(Math.max(1, Math.round(signed.source.heartbeatSeconds / speed))),
      };
      // Sending goes through `send` below; the connection is for reading.
      const target = await connectTarget(signed.source.description, signed.feed, policy, {
        provider: chain.provider,
        sendTransaction: () => Promise.reject(new Error("the local world sends rounds itself")),
      });
      prepared.push({ ...signed, target });
    }
    return new Reporters(chain, terminal, rng, (self) =>
      prepared.map(({ token, about, feed, source, target }) => ({
        token,
        about,
        reporter: new PriceReporter({ description: source.description, decimals: FEED_DECIMALS }, signedBy(signers), [
          {
            ...target,
            readState: () => target.readState(),
            send: ({ round, signatures }) =>
              self().#send({ token, feed, data: encodeSubmit(round, signatures) }, sender, about),
          },
        ]),
      })),
    );
  }

  /** Keeps the next rounds of a token back and answers with them after the next `look`. */
  divert(token: TokenName): () => readonly SignedCall[] {
    const diverted = { token, calls: [] as SignedCall[] };
    this.#diverted = diverted;
    return () => {
      if (this.#diverted === diverted) this.#diverted = undefined;
      return diverted.calls;
    };
  }

  /** Rounds kept back so far. */
  get divertedCount(): number {
    return this.#diverted?.calls.length ?? 0;
  }

  /** Every reporter looks at the market as it stands after a block; what is due arrives in the next one. */
  async look(market: UsdPrices, references: UsdPrices, block: number): Promise<void> {
    const head = await this.chain.provider.getBlock("latest");
    const observedAt = BigInt(head?.timestamp ?? 0);
    const reported = new Set<TokenName>();
    const units = perUnit(this.chain.loaded.params, references);
    for (const { token, about, reporter } of this.#sources) {
      const price = (about === "reference" ? units : market)[token] * (1 + READING_NOISE * this.#rng.gaussian());
      const outcome = await reporter.tick(parseUnits(price.toFixed(FEED_DECIMALS), FEED_DECIMALS), observedAt);
      for (const target of outcome.targets) {
        if (target.kind === "failed") this.failed += 1;
        // Heartbeats are routine; a price that has moved is news.
        if (target.kind === "sent" && target.cause === "deviation" && about === "token") reported.add(token);
      }
    }
    if (reported.size === 0) return;
    const shown = [...reported].map((token) => `${token} ${market[token].toFixed(token === "XAU" ? 2 : 5)}`).join(", ");
    this.terminal.event(block, "prices", "grey", `moved to ${shown} USD`);
  }

  /** XAU per whole token by the oracle, for tests of an attack's outcome. */
  async priceInXau(token: TokenName): Promise<bigint> {
    const data = oracleAbi.encodeFunctionData("priceInXau", [this.chain.deployment.token(token)]);
    return BigInt(await this.chain.rpc.call(this.chain.deployment.address("XAUOracle"), data));
  }

  async #send(call: SignedCall, from: string, about: About): Promise<string> {
    if (about === "token" && this.#diverted?.token === call.token) {
      this.#diverted.calls.push(call);
      return "0x";
    }
    this.rounds += 1;
    return this.chain.rpc.send({ from, to: call.feed, data: call.data, gas: 400_000 });
  }
}
