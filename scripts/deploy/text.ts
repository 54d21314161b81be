/** A constructor argument as the record shows it. */
export function argumentText(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? member.toString() : member));
  }
  return String(value);
}
