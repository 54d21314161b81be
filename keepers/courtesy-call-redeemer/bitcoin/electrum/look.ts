/**
 * What several servers together show of a redemption's payment.
 *
 * A payment in a block needs one server that proves it and as many as must agree that have the same block; the chain with more work wins, so
 * a server on a branch that was left is neither believed nor accused. One that has the block and hides the payment is. That there is no
 * payment, or an unconfirmed one, nobody can prove: as many as must agree have to say so.
 */
import type { BitcoinFacts, ChildSight, PaymentSight, RedemptionFacts } from "../facts.js";
import { plannedPayment, type Payment, signerScript } from "../payment.js";
import {
  chainOf,
  type Claim,
  claimOf,
  type Confirmed,
  type PaymentQuery,
  scripthashOf,
  transactionFrom,
} from "./claim.js";
import type { ElectrumServers } from "./servers.js";

/** Others may pay to the redeemer as often as they like. */
const MAX_CHILDREN = 25;

/** One look at the Bitcoin side of a redemption. */
export async function lookAtBitcoin(servers: ElectrumServers, facts: RedemptionFacts): Promise<BitcoinFacts> {
  const payments = facts.requests.map((request) => plannedPayment(request, facts.publicKey));
  const outpoint = facts.requests[0]?.outpoint;
  const nextBlockSatPerKvb = await servers.nextBlockRate();
  if (outpoint === undefined) return { payment: { kind: "unseen" }, nextBlockSatPerKvb };
  const variants = payments.map(({ txid }) => txid);
  const rules = { ...facts.relay, hasEasyBlocks: servers.hasEasyBlocks };
  const query = { signerScript: signerScript(facts.publicKey), outpoint, variants, rules };
  return { payment: await lookAtPayment(servers, query, payments), nextBlockSatPerKvb };
}

/** Where one of these payments is, of which each spends the output that the query names. */
export async function lookAtPayment(
  servers: ElectrumServers,
  query: PaymentQuery,
  payments: readonly Payment[],
): Promise<PaymentSight> {
  const claims = await servers.each((client) => claimOf(client, query));
  return sightOf(servers, claims, query, payments);
}

async function sightOf(
  servers: ElectrumServers,
  claims: readonly Claim[],
  query: PaymentQuery,
  payments: readonly Payment[],
): Promise<PaymentSight> {
  const best = heaviest(claims);
  if (best === undefined) return unconfirmed(servers, claims, payments);
  const others = claims.filter(({ spend }) => spend?.confirmed?.headers[0]?.hash !== best.block);
  const judged = await Promise.all(
    others.map(async (claim) => ({ claim, verdict: await judge(servers, claim, best, query) })),
  );
  const heavier = judged.filter(({ verdict }) => verdict === "heavier");
  // This branch has lost; what is true of the other one, only those that follow it can say. They are fewer each time.
  if (heavier.length > 0) {
    const followers = heavier.map(({ claim }) => claim);
    return sightOf(servers, followers, query, payments);
  }
  const support = claims.length - others.length + judged.filter(({ verdict }) => verdict === "agrees").length;
  if (support < servers.agreeing) return { kind: "unknown", reason: reasonOf(claims.length, servers) };
  const { txid, isForeign, confirmed } = best;
  if (isForeign) return { kind: "foreign", txid, isConfirmed: true };
  return { kind: "confirmed", txid, height: confirmed.height, path: confirmed.path, headers: confirmed.headers };
}

interface Best {
  readonly txid: string;
  readonly isForeign: boolean;
  readonly confirmed: Confirmed;
  readonly block: string;
}

function heaviest(claims: readonly Claim[]): Best | undefined {
  const confirmed = claims.flatMap(({ spend }): Best[] => {
    const block = spend?.confirmed?.headers[0]?.hash;
    return spend?.confirmed === undefined || block === undefined
      ? []
      : [{ ...spend, confirmed: spend.confirmed, block }];
  });
  return confirmed.reduce<Best | undefined>(
    (best, one) => (best === undefined || one.confirmed.work > best.confirmed.work ? one : best),
    undefined,
  );
}

type Verdict =
  /** Has the block, and the payment since it was asked again. */
  | "agrees"
  /** Not as far, or on a branch with less work. */
  | "behind"
  /** On a branch with more work. */
  | "heavier"
  | "lied"
  | "failed";

/** Why a server does not show the payment in the block in which another one proved it. */
async function judge(servers: ElectrumServers, claim: Claim, best: Best, query: PaymentQuery): Promise<Verdict> {
  const { client, tipHeight } = claim;
  const { height, work } = best.confirmed;
  if (tipHeight < height) return "behind";
  const [verdict] = await servers.one(client, async (): Promise<Verdict> => {
    const chain = await chainOf(client, height, tipHeight, query.rules);
    if (chain.headers[0]?.hash !== best.block) return chain.work > work ? "heavier" : "behind";
    const again = await claimOf(client, query);
    return again.spend?.confirmed?.headers[0]?.hash === best.block ? "agrees" : "lied";
  });
  if (verdict === "lied") servers.leaveOut(client.name, "BTC_SERVER_HISTORY_FALSE");
  return verdict ?? "failed";
}

async function unconfirmed(
  servers: ElectrumServers,
  claims: readonly Claim[],
  payments: readonly Payment[],
): Promise<PaymentSight> {
  const silent = claims.filter(({ spend }) => spend?.confirmed === undefined);
  if (silent.length < servers.agreeing) return { kind: "unknown", reason: reasonOf(claims.length, servers) };
  const seen = silent.flatMap(({ spend }) => spend ?? []);
  // Nobody here judges signatures: one server alone could make up a foreign payment.
  const foreign = seen.find(
    ({ txid, isForeign }) => isForeign && seen.filter((other) => other.txid === txid).length >= servers.agreeing,
  );
  if (foreign !== undefined) return { kind: "foreign", txid: foreign.txid, isConfirmed: false };
  const payment = payments.findLast(({ txid }) => seen.some((other) => other.txid === txid));
  if (payment === undefined) return { kind: "unseen" };
  const { txid } = payment;
  const isPartial = silent.some(({ spend }) => spend?.txid !== txid);
  return { kind: "mempool", txid, child: await childOf(servers, payment), isPartial };
}

/** The child that as many as must agree know of; of several the one that pays most. */
async function childOf(servers: ElectrumServers, payment: Payment): Promise<ChildSight | undefined> {
  const scripthash = scripthashOf(payment.script);
  const lists = await servers.each(async (client) => {
    const entries = await client.mempool(scripthash);
    const others = entries.filter(({ txid }) => txid !== payment.txid).slice(-MAX_CHILDREN);
    const children: ChildSight[] = [];
    for (const { txid } of others) {
      const { spends, outputsSat, vsize } = await transactionFrom(client, txid);
      if (!spends.some((spent) => spent.txid === payment.txid && spent.index === 0)) continue;
      children.push({ txid, vsize, feeSat: spends.length === 1 ? payment.outputSat - outputsSat : undefined });
    }
    return children;
  });
  const all = lists.flat();
  return all
    .filter(({ txid }) => all.filter((other) => other.txid === txid).length >= servers.agreeing)
    .sort((a, b) => ((a.feeSat ?? 0n) > (b.feeSat ?? 0n) ? -1 : 1))[0];
}

function reasonOf(answered: number, { agreeing }: ElectrumServers): "too-few-servers" | "servers-disagree" {
  return answered < agreeing ? "too-few-servers" : "servers-disagree";
}
