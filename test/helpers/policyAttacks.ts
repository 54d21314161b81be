/** Changes a valid call in one place at a time: each change is an attack that must be refused. */
import type { Envelope } from "../../keepers/kit/policy/checkPolicy.js";
import type { Action } from "../../keepers/kit/policy/action.js";
import type { TypedCall, Value } from "../../keepers/kit/policy/types.js";
import type { ValidCall } from "./policyFixtures.js";

export interface Attack {
  readonly what: string;
  readonly valid: ValidCall;
}

const STRANGER = "0x00000000000000000000000000000000DeaDBeef";

/** Every field around the call, one at a time. */
export function envelopeAttacks(valid: ValidCall): Attack[] {
  const { rule } = valid;
  const change = (what: string, envelope: Partial<Envelope>): Attack => ({
    what,
    valid: { ...valid, envelope: { ...valid.envelope, ...envelope } },
  });
  return [
    change("chain", { chainId: "1" }),
    change("chain, as text only", { chainId: `0${valid.envelope.chainId}` }),
    change("signer", { signer: STRANGER }),
    change("value", { valueWei: rule.maxValueWei + 1n }),
    change("negative value", { valueWei: -1n }),
    change("gas", { gasLimit: rule.maxGasLimit + 1n }),
    change("no gas", { gasLimit: 0n }),
    change("fee", { maxFeePerGasWei: rule.maxFeePerGasWei + 1n }),
  ];
}

/** The intent changes, the simulated bytes do not: target, function, each decoded argument, each list. */
export function intentAttacks(valid: ValidCall, others: readonly TypedCall[]): Attack[] {
  const { call } = valid;
  const change = (what: string, part: Partial<TypedCall>): Attack => ({
    what,
    valid: { ...valid, call: { ...call, ...part } },
  });
  return [
    change("target", { target: STRANGER }),
    ...others
      .filter((other) => other.target !== call.target)
      .map((other) => change("target of another rule", { target: other.target })),
    ...others
      .filter((other) => other.function !== call.function)
      .map((other) => change("function of another rule", { function: other.function })),
    change("unknown function", { function: "withdraw(address,uint256,address)" }),
    change("additional argument", { args: { ...call.args, more: 1n } }),
    ...Object.keys(call.args).map((name) =>
      change(`without ${name}`, {
        args: Object.fromEntries(Object.entries(call.args).filter(([key]) => key !== name)),
      }),
    ),
    ...changes(call.args, "").map(({ path, value }) => change(path, { args: value as TypedCall["args"] })),
  ];
}

/** The typed action changes, the simulated bytes do not: its name, and each of its arguments. */
export function actionAttacks(valid: ValidCall, otherNames: readonly string[]): Attack[] {
  const { action } = valid;
  const change = (what: string, part: Partial<Action>): Attack => ({
    what: `action: ${what}`,
    valid: { ...valid, action: { ...action, ...part } },
  });
  const without = Object.keys(action.args).map((name) =>
    change(`without ${name}`, {
      args: Object.fromEntries(Object.entries(action.args).filter(([key]) => key !== name)),
    }),
  );
  return [
    ...["no-op", "unrecorded", "", "__proto__", "constructor", action.name.toLowerCase(), `${action.name} `].map(
      (name) => change(`name ${name}`, { name }),
    ),
    ...otherNames.filter((name) => name !== action.name).map((name) => change(`name ${name}`, { name })),
    change("additional argument", { args: { ...action.args, more: 1n } }),
    ...without,
    ...argumentChanges(action).map(({ path, args }) => change(path, { args })),
  ];
}

/** The action with one value changed, every value in turn. */
export function argumentChanges({ args }: Action): { path: string; args: Action["args"] }[] {
  return changes(args, "").map(({ path, value }) => ({ path, args: value as Action["args"] }));
}

/** The bytes change, the intent does not. */
export function byteAttacks(valid: ValidCall, position: number, bit: number): Attack[] {
  const { to, data } = valid.simulated;
  const bytes = Buffer.from(data.slice(2), "hex");
  const flipped = Buffer.from(bytes);
  const at = position % bytes.length;
  flipped.writeUInt8((bytes[at] ?? 0) ^ (1 << bit), at);
  const change = (what: string, changed: Buffer, address = to): Attack => ({
    what,
    valid: { ...valid, simulated: { to: address, data: `0x${changed.toString("hex")}` } },
  });
  return [
    change("target of the bytes", bytes, STRANGER),
    change(`bit ${String(bit)} of byte ${String(at)}`, flipped),
    change("cut short", bytes.subarray(0, -1)),
    change("a word cut off", bytes.subarray(0, -32)),
    change("trailing byte", Buffer.concat([bytes, Buffer.alloc(1)])),
    change("trailing word", Buffer.concat([bytes, Buffer.alloc(32)])),
    change("nothing but a selector", bytes.subarray(0, 4)),
    change("nothing", Buffer.alloc(0)),
  ];
}

/**
 * Encodings of the same meaning that are not the canonical one, found without knowing the types: bytes that no rule may decode alike.
 * Each word that looks like an address, a small number or an offset is dirtied in its upper bits; each offset is led astray.
 */
export function encodingAttacks(valid: ValidCall): Attack[] {
  const { to, data } = valid.simulated;
  const body = Buffer.from(data.slice(10), "hex");
  const attacks: Attack[] = [];
  const change = (what: string, changed: Buffer): void => {
    attacks.push({
      what,
      valid: { ...valid, simulated: { to, data: `${data.slice(0, 10)}${changed.toString("hex")}` } },
    });
  };
  for (let word = 0; word < body.length / 32; word += 1) {
    const at = word * 32;
    const value = BigInt(`0x${body.subarray(at, at + 32).toString("hex")}`);
    // An address or a number below 2^160 whose type is narrower than a word, or an offset: for uint256 the value itself changes.
    if (value < 2n ** 160n) {
      const dirty = Buffer.from(body);
      dirty.writeUInt8(0x80, at);
      change(`dirty upper bits of word ${String(word)}`, dirty);
    }
    // An offset that points past an inserted word means the same to a lenient decoder.
    if (value > 0n && value % 32n === 0n && value < BigInt(body.length)) {
      const shifted = Buffer.concat([body, Buffer.alloc(32)]);
      shifted.writeUInt32BE(Number(value) + 32, at + 28);
      change(`offset ${String(word)} led astray`, shifted);
      if (word > 0) {
        const twice = Buffer.from(body);
        body.copy(twice, at, at - 32, at);
        if (!twice.equals(body)) change(`word ${String(word)} repeats the one before`, twice);
      }
    }
  }
  return attacks;
}

/** Every value inside, changed alone. */
function changes(value: Value, path: string): { path: string; value: Value }[] {
  if (typeof value === "bigint") {
    return [value + 1n, value - 1n, -value - 1n, value + 2n ** 256n].map((other) => ({ path, value: other }));
  }
  if (typeof value === "boolean") return [{ path, value: !value }];
  if (typeof value === "string") {
    const last = value.endsWith("0") ? "1" : "0";
    return [`${value.slice(0, -1)}${last}`, `${value}00`, value.slice(0, -2), STRANGER, ""].map((other) => ({
      path,
      value: other,
    }));
  }
  if (Array.isArray(value)) {
    const entries = [...(value as readonly Value[])];
    const [first] = entries;
    return [
      ...entries.flatMap((entry, index) =>
        changes(entry, `${path}.${String(index)}`).map((inner) => ({
          path: inner.path,
          value: entries.with(index, inner.value),
        })),
      ),
      ...(first === undefined ? [] : [{ path: `${path} with one twice`, value: [...entries, first] }]),
      { path: `${path} without the last`, value: entries.slice(0, -1) },
      ...(entries.length > 1 ? [{ path: `${path} in another order`, value: entries.toReversed() }] : []),
    ];
  }
  const record = value as Readonly<Record<string, Value>>;
  return Object.entries(record).flatMap(([name, entry]) =>
    changes(entry, `${path}.${name}`).map((inner) => ({ path: inner.path, value: { ...record, [name]: inner.value } })),
  );
}
