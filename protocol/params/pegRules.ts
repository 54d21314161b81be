/** Rules of the parameters' peg section. */
import type { ParameterProblem } from "../errors.js";
import { formatWad, parseBpsAsWad, parseWad, WAD } from "../units.js";
import { sourceIdentity } from "./feedRules.js";
import { tokenNames, type NetworkParams, type TokenName } from "./schema.js";

/** A pool's cap while it defends a peg: multiplied, and cut off at the ceiling as the contract does. */
export function defendingCapWad(params: NetworkParams, capXau: string): bigint {
  const raised = (parseWad(capXau) * parseWad(params.peg.defendingCapMultiple)) / WAD;
  const ceiling = parseWad(params.stabilizer.ceilings.poolCapXau);
  return raised < ceiling ? raised : ceiling;
}

export function checkPeg(params: NetworkParams): ParameterProblem[] {
  const { market } = params.peg;
  const problems: ParameterProblem[] = [];
  const [calm, deviating, defending] = [market.calmBps, market.deviatingBps, market.defendingBps].map(parseBpsAsWad);
  if (calm !== undefined && deviating !== undefined && defending !== undefined) {
    if (calm > deviating || deviating >= defending) {
      problems.push({
        code: "PARAM_CONFLICT",
        path: "peg.market",
        message: `needs calmBps ${market.calmBps} ≤ deviatingBps ${market.deviatingBps} < defendingBps ${market.defendingBps}`,
      });
    }
  }
  return [...problems, ...tokenNames.flatMap((name) => [...checkReference(params, name), ...checkGuard(params, name)])];
}

function checkReference(params: NetworkParams, name: TokenName): ParameterProblem[] {
  const { manager, reference } = params.peg.tokens[name];
  const path = `peg.tokens.${name}.reference`;
  if (reference === null) {
    if (manager === "stablecoin") return [];
    return [{ code: "PARAM_CONFLICT", path, message: "a commodity needs a reference: only the dollar is its own" }];
  }
  const problems: ParameterProblem[] = [];
  const identity = sourceIdentity(reference);
  const others = tokenNames.filter((other) => other !== name).map((other) => params.peg.tokens[other].reference);
  const known = [...tokenNames.flatMap((token) => params.oracle.tokens[token].sources), ...others];
  if (known.some((source) => source !== null && sourceIdentity(source) === identity)) {
    problems.push({
      code: "PARAM_DUPLICATE",
      path,
      message: `"${identity}" is used by another feed; a price cannot be the judge of itself`,
    });
  }
  if (reference.maxAgeSeconds <= reference.heartbeatSeconds || reference.maxAgeSeconds > 7 * 86_400) {
    problems.push({
      code: "PARAM_OUT_OF_BOUNDS",
      path: `${path}.maxAgeSeconds`,
      message: `${String(reference.maxAgeSeconds)} must exceed the heartbeat of ${String(reference.heartbeatSeconds)} seconds and not a week`,
    });
  }
  return problems;
}

function checkGuard(params: NetworkParams, name: TokenName): ParameterProblem[] {
  const own = params.peg.tokens[name];
  const feeds = params.oracle.tokens[name];
  const path = `peg.tokens.${name}`;
  const problems: ParameterProblem[] = [];
  const complain = (key: string, message: string): void => {
    problems.push({ code: "PARAM_OUT_OF_BOUNDS", path: `${path}.${key}`, message });
  };
  const [band, recoverBand] = [parseBpsAsWad(own.bandBps), parseBpsAsWad(own.recoverBandBps)];
  if (recoverBand > band) complain("recoverBandBps", `${own.recoverBandBps} exceeds bandBps ${own.bandBps}`);
  const [low, high, reference] = [own.guardMinUsd, own.guardMaxUsd, feeds.referencePriceUsd].map(parseWad);
  if (low === undefined || high === undefined || reference === undefined) return problems;
  if (!(low < reference && reference < high)) {
    complain(
      "guardMinUsd",
      `the guard ${own.guardMinUsd} … ${own.guardMaxUsd} does not contain the reference price ${feeds.referencePriceUsd}`,
    );
  }
  // What a feed cannot report nobody can refuse: it would go on saying the last price that it could.
  if (parseWad(feeds.minPriceUsd) * 2n > low || parseWad(feeds.maxPriceUsd) * 2n < high * 3n) {
    problems.push({
      code: "PARAM_PEG_UNREPORTABLE",
      path: `oracle.tokens.${name}.minPriceUsd`,
      message:
        `feeds that report ${feeds.minPriceUsd} … ${feeds.maxPriceUsd} only would keep quiet about a lost peg; they must reach from half of ` +
        `guardMinUsd ${own.guardMinUsd} to one and a half times guardMaxUsd ${own.guardMaxUsd}`,
    });
  }
  if (own.reference !== null) return problems;
  // Outside the manager's band the stabilizer must refuse before anybody has poked.
  const par = parseWad(own.par);
  const bandWad = (par * band) / WAD;
  if (low < par - bandWad || high > par + bandWad) {
    complain(
      "guardMinUsd",
      `the guard ${own.guardMinUsd} … ${own.guardMaxUsd} reaches beyond the band ${formatWad(par - bandWad)} … ${formatWad(par + bandWad)} in which the manager leaves the token alone`,
    );
  }
  return problems;
}
