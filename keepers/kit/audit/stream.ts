/** Name of a keeper's chain of audit rows. */
export function auditStream(role: string, network: string): string {
  return `${role}:${network}`;
}
