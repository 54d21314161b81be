/**
 * Rescues that were refused alone, by policy or guard: one that can never pass must not keep the others waiting. Each is tried again after some
 * blocks, twice as many every time. What is remembered here may be forgotten: it is found out again.
 */
const FIRST_BLOCKS = 4;
const MOST_BLOCKS = 64;

export class Aside {
  private readonly refused = new Map<string, { readonly until: number; readonly blocks: number }>();

  has(position: string, block: number): boolean {
    return block < (this.refused.get(position)?.until ?? 0);
  }

  put(position: string, block: number): void {
    const before = this.refused.get(position);
    const blocks = before === undefined ? FIRST_BLOCKS : Math.min(MOST_BLOCKS, 2 * before.blocks);
    this.refused.set(position, { until: block + blocks, blocks });
  }

  /** It was taken after all. */
  forget(position: string): void {
    this.refused.delete(position);
  }
}
