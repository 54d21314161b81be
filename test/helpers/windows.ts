/** Something that was used at a moment, microseconds. */
export interface Use {
  readonly atUs: bigint;
  readonly amount: bigint;
}

/** The most that was used in any window of this length, both ends included. Written without meters: it only adds up. */
export function worstWindow(uses: readonly Use[], windowUs: bigint): bigint {
  let worst = 0n;
  for (const { atUs: from } of uses) {
    let sum = 0n;
    for (const { atUs, amount } of uses) if (atUs >= from && atUs <= from + windowUs) sum += amount;
    if (sum > worst) worst = sum;
  }
  return worst;
}
