/**
 * The decision of the signer, pure: policy, typed call and envelope in, what it counts or the reason of a refusal out. It makes the
 * bytes from the typed call itself and refuses when they are not the bytes that were simulated; nothing else is ever signed.
 */
import { spentBy } from "./amounts.js";
import { argumentsViolation, type InnerCall, type Looking } from "./constraints.js";
import { decodeCall, encodeCall, functionOf } from "./encoding.js";
import { relationViolation } from "./relations.js";
import {
  EACH,
  NATIVE,
  NO_OP,
  refuse,
  type IsMember,
  type Policy,
  type PolicyRefusal,
  type PolicyRule,
  type PolicyVerdict,
  type SimulatedBytes,
  type TypedCall,
} from "./types.js";

/** What is around a call. Amounts in wei. */
export interface Envelope {
  readonly chainId: string;
  readonly signer: string;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
  readonly maxFeePerGasWei: bigint;
}

/** Calls inside calls inside calls: deeper ones are refused. */
const MAX_DEPTH = 3;
/** Gas of a transaction that does nothing. */
const NO_OP_GAS = 21_000n;
const nobodyIsMember: IsMember = () => false;

/** Whether `call` may be signed. `nowSeconds`: the database's clock. */
export function checkPolicy(
  policy: Policy,
  call: TypedCall,
  simulated: SimulatedBytes,
  envelope: Envelope,
  nowSeconds: bigint,
  isMember: IsMember = nobodyIsMember,
): PolicyVerdict {
  const wrong = envelopeRefusal(policy, envelope);
  if (wrong !== undefined) return wrong;
  const isOf = (rule: PolicyRule): boolean => isTarget(rule, call.target, isMember);
  const found = findRule(
    policy,
    call.target,
    isOf,
    (rule) => functionOf(rule).fragment.format("sighash") === call.function,
  );
  if (!("name" in found)) return found;
  const data = encodeCall(found, call.args);
  if (data === undefined) return refuse("encoding", `the arguments are not those of ${found.name}`);
  if (!same(call.target, simulated.to) || !same(data, simulated.data)) {
    return refuse("bytes-differ", `${found.name}: the simulated bytes are not the encoding of the intent`);
  }
  return judge(policy, found, call.args, data, envelope, { nowSeconds, isMember });
}

/** Whether a no-op may be signed: a transaction to the signer itself that moves nothing and fills or frees a nonce. */
export function checkNoOp(policy: Policy, envelope: Envelope): PolicyVerdict {
  const wrong = envelopeRefusal(policy, envelope);
  if (wrong !== undefined) return wrong;
  if (envelope.valueWei !== 0n) return refuse("value", "a no-op moves nothing");
  if (envelope.gasLimit > NO_OP_GAS) return refuse("gas-limit", `a no-op needs ${String(NO_OP_GAS)} gas`);
  if (envelope.maxFeePerGasWei > policy.noOp.maxFeePerGasWei) {
    return refuse(
      "fee-ceiling",
      `${String(envelope.maxFeePerGasWei)} wei per gas, at most ${String(policy.noOp.maxFeePerGasWei)}`,
    );
  }
  return { ok: true, use: { calls: { [NO_OP]: 1 }, amounts: { [NATIVE]: nativeWei(envelope) } } };
}

/** Wei of the chain's coin that a transaction can cost. */
function nativeWei({ valueWei, gasLimit, maxFeePerGasWei }: Envelope): bigint {
  return valueWei + gasLimit * maxFeePerGasWei;
}

function envelopeRefusal(policy: Policy, envelope: Envelope): PolicyRefusal | undefined {
  if (envelope.chainId !== policy.chainId)
    return refuse("chain", `chain ${envelope.chainId}, expected ${policy.chainId}`);
  if (!same(envelope.signer, policy.signer))
    return refuse("signer", `${envelope.signer} signs, expected ${policy.signer}`);
  if (envelope.valueWei < 0n || envelope.gasLimit <= 0n || envelope.maxFeePerGasWei < 0n) {
    return refuse("value", "value, gas limit and fee are not negative");
  }
  return undefined;
}

function isTarget({ target }: PolicyRule, address: string, isMember: IsMember): boolean {
  return target.startsWith(EACH) ? isMember(target.slice(EACH.length), address) : same(target, address);
}

function findRule(
  policy: Policy,
  target: string,
  isOf: (rule: PolicyRule) => boolean,
  matches: (rule: PolicyRule) => boolean,
): PolicyRule | PolicyRefusal {
  const rules = policy.rules.filter((rule) => !rule.innerOnly && isOf(rule));
  if (rules.length === 0) return refuse("target", `no rule for ${target}`);
  return (
    rules.find(matches) ?? refuse("selector", `no rule for this function of ${rules[0]?.name.split(".")[0] ?? target}`)
  );
}

function judge(
  policy: Policy,
  rule: PolicyRule,
  args: TypedCall["args"],
  data: string,
  envelope: Envelope,
  looking: Pick<Looking, "nowSeconds" | "isMember">,
): PolicyVerdict {
  if (bytesIn(data) > rule.maxCalldataBytes) return tooLong(rule, data);
  if (envelope.valueWei > rule.maxValueWei) {
    return refuse("value", `${rule.name}: ${String(envelope.valueWei)} wei, at most ${String(rule.maxValueWei)}`);
  }
  if (envelope.gasLimit > rule.maxGasLimit) {
    return refuse("gas-limit", `${rule.name}: ${String(envelope.gasLimit)} gas, at most ${String(rule.maxGasLimit)}`);
  }
  if (envelope.maxFeePerGasWei > rule.maxFeePerGasWei) {
    return refuse(
      "fee-ceiling",
      `${rule.name}: ${String(envelope.maxFeePerGasWei)} wei per gas, at most ${String(rule.maxFeePerGasWei)}`,
    );
  }
  const calls = new Map<string, number>();
  const amounts = new Map<string, bigint>([[NATIVE, nativeWei(envelope)]]);
  const wrong = count(policy, rule, args, { ...looking, calls, amounts }, 0);
  if (wrong !== undefined) return wrong;
  return { ok: true, use: { calls: Object.fromEntries(calls), amounts: Object.fromEntries(amounts) } };
}

interface Counting extends Pick<Looking, "nowSeconds" | "isMember"> {
  readonly calls: Map<string, number>;
  readonly amounts: Map<string, bigint>;
}

/** Checks the arguments of a call and of every call inside it, and adds up what they use. */
function count(
  policy: Policy,
  rule: PolicyRule,
  args: TypedCall["args"],
  counting: Counting,
  depth: number,
): PolicyRefusal | undefined {
  const { nowSeconds, isMember } = counting;
  const looking: Looking = { nowSeconds, isMember, inner: [] };
  const wrong = argumentsViolation(args, rule.args, looking);
  if (wrong !== undefined) return refuse("argument", `${rule.name}: ${wrong}`);
  for (const relation of rule.relations) {
    const broken = relationViolation(relation, args);
    if (broken !== undefined) return refuse("relation", `${rule.name}: ${broken}`);
  }
  const spent = spentBy(rule.amounts, args);
  if (!spent.ok) return refuse("amount", `${rule.name}: ${spent.message}`);
  for (const [asset, amount] of spent.amounts)
    counting.amounts.set(asset, (counting.amounts.get(asset) ?? 0n) + amount);
  counting.calls.set(rule.name, (counting.calls.get(rule.name) ?? 0) + 1);
  for (const inner of looking.inner) {
    const refused = countInner(policy, rule, inner, counting, depth + 1);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function countInner(
  policy: Policy,
  outer: PolicyRule,
  inner: InnerCall,
  counting: Counting,
  depth: number,
): PolicyRefusal | undefined {
  const place = `${outer.name}: ${inner.path}`;
  if (depth > MAX_DEPTH) return refuse("inner-call", `${place}: calls nested too deeply`);
  const target = inner.target ?? outer.target;
  const selector = inner.data.slice(0, 10).toLowerCase();
  const rule = policy.rules.find(
    (entry) =>
      inner.rules.includes(entry.name) &&
      same(entry.target, target) &&
      functionOf(entry).fragment.selector === selector,
  );
  if (rule === undefined) return refuse("inner-call", `${place}: a call that no rule allows here`);
  if (inner.valueWei < 0n || inner.valueWei > rule.maxValueWei) return refuse("inner-call", `${place}: sends value`);
  if (bytesIn(inner.data) > rule.maxCalldataBytes) return refuse("inner-call", `${place}: too long`);
  const args = decodeCall(rule, inner.data);
  if (args === undefined) return refuse("inner-call", `${place}: not canonical calldata`);
  return count(policy, rule, args, counting, depth);
}

function tooLong(rule: PolicyRule, data: string): PolicyRefusal {
  return refuse(
    "calldata-size",
    `${rule.name}: ${String(bytesIn(data))} bytes, at most ${String(rule.maxCalldataBytes)}`,
  );
}

function bytesIn(data: string): number {
  return data.length / 2 - 1;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
