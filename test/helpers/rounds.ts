/** A change of what is deployed, by name, and what verification finds of it: `CODE subject`. */
export type Change<Apply> = readonly [what: string, apply: Apply, found: readonly string[]];

/** Changes that are made at once, because each is found by itself: no two of them concern the same subject. */
export interface Round<Apply> {
  readonly title: string;
  readonly changes: readonly Apply[];
  readonly found: readonly string[];
}

const subjectOf = (finding: string): string => finding.slice(finding.indexOf(" ") + 1);

/** Puts every change into the first round that has none of its subjects: a verification of a whole deployment takes a second. */
export function rounds<Apply>(changes: readonly Change<Apply>[]): Round<Apply>[] {
  const made: { changes: Change<Apply>[]; subjects: Set<string> }[] = [];
  for (const change of changes) {
    const subjects = change[2].map(subjectOf);
    let round = made.find(({ subjects: taken }) => !subjects.some((subject) => taken.has(subject)));
    if (round === undefined) made.push((round = { changes: [], subjects: new Set() }));
    round.changes.push(change);
    for (const subject of subjects) round.subjects.add(subject);
  }
  return made.map(({ changes: ours }) => ({
    title: ours.map(([what]) => what).join("; "),
    changes: ours.map(([, apply]) => apply),
    found: ours.flatMap(([, , found]) => found),
  }));
}
