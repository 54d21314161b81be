import type { Provider } from "ethers";

import { codeShape } from "./artifacts.js";
import { endDifferences, readEnd } from "./bridgePair.js";
import type { Finding } from "./inspect.js";
import { twinContracts, type TwinContract } from "./pair.js";
import { pairDifference, type PairDifference } from "./pairDifference.js";
import { survey, type Survey, type VerifyOptions, type VerifyResult } from "./verify.js";

/** `ok` when each chain agrees with its files and the two fit each other. */
export interface PairResult {
  readonly ok: boolean;
  readonly networks: Readonly<Record<string, VerifyResult>>;
  /** What does not fit between the chains. */
  readonly differences: readonly PairDifference[];
}

/** One of the two chains. */
interface ChainSide extends Survey {
  readonly network: string;
  readonly provider: Provider;
}

const NOT_RECORDED = "not recorded";

/**
 * Verifies both chains, and compares them with each other: addresses, code, holders of rights, and the two ends of the bridge.
 * @throws as `verify`.
 */
export async function verifyPair(first: VerifyOptions, second: VerifyOptions): Promise<PairResult> {
  const [here, there] = await Promise.all([first, second].map(look));
  if (here === undefined || there === undefined) throw new Error("two chains were asked for");
  const twins = twinContracts(here.plan, there.plan);
  const differences = [
    ...twins.flatMap((twin) => addressDifference(here, there, twin)),
    ...(await codeDifferences(here, there, twins)),
    ...roleDifferences(here, there),
    ...(await bridgeDifferences(here, there)),
  ];
  const networks = { [here.network]: here.result, [there.network]: there.result };
  return { ok: here.result.ok && there.result.ok && differences.length === 0, networks, differences };
}

async function look(options: VerifyOptions): Promise<ChainSide> {
  return { ...(await survey(options)), network: options.loaded.network, provider: options.provider };
}

/** Where the contract is, as the record says; where the parameters want it, when they disagree on that already. */
function addressDifference(here: ChainSide, there: ChainSide, { name, ...planned }: TwinContract): PairDifference[] {
  const recorded = ({ record }: ChainSide) => record.contracts[name]?.address ?? NOT_RECORDED;
  const wanted = [planned.here?.address ?? "not planned", planned.there?.address ?? "not planned"] as const;
  const [mine, theirs] = wanted[0] === wanted[1] ? [recorded(here), recorded(there)] : wanted;
  if (mine === theirs) return [];
  return [
    pairDifference(
      "ADDRESS_DIFFERS",
      name,
      [here.network, mine],
      [there.network, theirs],
      "one address on both chains",
    ),
  ];
}

/** Immutables are left out: domains of signatures name the chain, and constructor arguments are compared on each chain. */
async function codeDifferences(here: ChainSide, there: ChainSide, twins: readonly TwinContract[]) {
  const shape = async ({ provider }: ChainSide, twin: TwinContract["here"]) => {
    if (twin === undefined) return "not planned";
    return codeShape(await provider.getCode(twin.address), twin.source);
  };
  const compared = twins.map(async (twin): Promise<PairDifference[]> => {
    const [mine, theirs] = await Promise.all([shape(here, twin.here), shape(there, twin.there)]);
    if (mine === theirs) return [];
    const expected = "the same code on both chains";
    return [pairDifference("CODE_DIFFERS", twin.name, [here.network, mine], [there.network, theirs], expected)];
  });
  return (await Promise.all(compared)).flat();
}

/** Nothing to ask where other code stands than ours: that is a difference of its own. */
async function bridgeDifferences(here: ChainSide, there: ChainSide): Promise<PairDifference[]> {
  const [mine, theirs] = await Promise.all([here, there].map(({ plan, provider }) => readEnd(plan, provider)));
  return mine === undefined || theirs === undefined ? [] : endDifferences(mine, theirs);
}

/** Codes of findings about who holds a right. */
const RIGHTS: readonly string[] = ["ROLE_EXTRA", "ROLE_MISSING", "DEPLOYER_RIGHT", "OWNER_CHANGED"];

/** Who may do what, where both parameter files give a right to the same holders: minters, for example, differ by design. */
function roleDifferences(here: ChainSide, there: ChainSide): PairDifference[] {
  const others = new Map(there.findings.map((finding) => [finding.setting.id, finding]));
  return here.findings.flatMap((mine) => {
    const theirs = others.get(mine.setting.id);
    if (theirs?.setting.expected !== mine.setting.expected || mine.found === theirs.found) return [];
    if (![mine, theirs].some(isAboutRights)) return [];
    const { id, expected } = mine.setting;
    return [pairDifference("ROLES_DIFFER", id, [here.network, mine.found], [there.network, theirs.found], expected)];
  });
}

function isAboutRights({ setting: { code }, found }: Finding): boolean {
  const name = typeof code === "function" ? code(found) : code;
  return name !== undefined && RIGHTS.includes(name);
}
