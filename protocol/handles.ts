/**
 * Typed handles whose ABI is parsed once. A generated factory parses its ABI anew for each handle, which takes longer than most calls
 * that are made through it; a deployment makes hundreds.
 */
import { Contract, type ContractRunner, type Interface } from "ethers";

/** A generated factory: what `X__factory` is. */
interface HandleFactory<C> {
  createInterface(): Interface;
  connect(address: string, runner?: ContractRunner | null): C;
}

const interfaces = new WeakMap<object, Interface>();
const makers = new WeakMap<object, unknown>();

/** The contract at `address`, with the types of its factory. */
export function contractAt<C>(factory: HandleFactory<C>, address: string, runner?: ContractRunner | null): C {
  let abi = interfaces.get(factory);
  if (abi === undefined) interfaces.set(factory, (abi = factory.createInterface()));
  return new Contract(address, abi, runner) as C;
}

/** The factory's one instance without a signer: what makes deployment transactions. */
export function maker<M>(factory: new () => M): M {
  let made = makers.get(factory) as M | undefined;
  if (made === undefined) makers.set(factory, (made = new factory()));
  return made;
}
