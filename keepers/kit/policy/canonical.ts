import { keccak256, toUtf8Bytes } from "ethers";

/** JSON with sorted keys and without spaces; integers beyond JSON's as decimal text. One value has one text. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "bigint") return JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`);
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** keccak256 of the canonical JSON: names a policy. */
export function policyHash(policy: object): string {
  return keccak256(toUtf8Bytes(canonicalJson(policy)));
}
