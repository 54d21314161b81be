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

/** The same, for what it makes. */
type CreationFactory<A extends readonly unknown[]> = new () => {
  readonly bytecode: string;
  readonly interface: Interface;
  getDeployTransaction(...args: A): unknown;
};

const interfaces = new WeakMap<object, Interface>();
const creations = new WeakMap<object, { readonly bytecode: string; readonly abi: Interface }>();

/** The contract at `address`, with the types of its factory. */
export function contractAt<C>(factory: HandleFactory<C>, address: string, runner?: ContractRunner | null): C {
  let abi = interfaces.get(factory);
  if (abi === undefined) interfaces.set(factory, (abi = factory.createInterface()));
  return new Contract(address, abi, runner) as C;
}

/** The code that makes a contract with these constructor arguments. ethers goes through bytes and back, a byte at a time. */
export function creationCode<A extends readonly unknown[]>(factory: CreationFactory<A>, ...args: A): string {
  let known = creations.get(factory);
  if (known === undefined) {
    const { bytecode, interface: abi } = new factory();
    creations.set(factory, (known = { bytecode, abi }));
  }
  return known.bytecode + known.abi.encodeDeploy(args).slice(2);
}
