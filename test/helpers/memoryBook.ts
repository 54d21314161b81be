/** Payments that are written down as long as a test runs. */
import type { Payment, PaymentBook } from "../../keepers/courtesy-call-redeemer/types.js";

export class MemoryBook implements PaymentBook {
  readonly written: Payment[] = [];

  children(parent: string): Promise<readonly Payment[]> {
    return Promise.resolve(this.written.filter(({ kind, spends }) => kind === "child" && spends === parent).reverse());
  }

  write(payment: Payment): Promise<boolean> {
    if (!this.written.some(({ id }) => id === payment.id)) this.written.push(payment);
    return Promise.resolve(true);
  }
}
