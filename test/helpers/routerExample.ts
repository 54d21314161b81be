import { randomBytes, Signature, toBigInt, type Signer } from "ethers";

import { IEnhancedSwapRouter__factory, IM1Token__factory } from "../../protocol/generated/contracts/index.js";

/** Least part of a quote that is accepted: pools may move until the transaction is mined. */
const ACCEPTED_BPS = 9_990n;

/** Base units of the tokens they belong to. */
export interface Order {
  readonly tokenIn: string;
  readonly amountIn: bigint;
  readonly tokenOut: string;
  readonly minOut: bigint;
  readonly to: string;
  readonly deadline: bigint;
}

export interface Route {
  readonly amountIn: bigint;
  readonly firstPool: string;
  readonly secondPool: string;
}

/** The best split over at most three routes, and an order that accepts little less than it pays now. */
export async function bestOrder(
  routerAddress: string,
  seller: Signer,
  sale: Pick<Order, "tokenIn" | "amountIn" | "tokenOut" | "deadline">,
): Promise<{ quotedUnits: bigint; order: Order; routes: Route[] }> {
  const router = IEnhancedSwapRouter__factory.connect(routerAddress, seller);
  const [quotedUnits, found] = await router.quote(sale.tokenIn, sale.amountIn, sale.tokenOut, 3);
  const order = { ...sale, minOut: (quotedUnits * ACCEPTED_BPS) / 10_000n, to: await seller.getAddress() };
  // Copied: ethers answers with read-only results.
  const routes = found.map(({ amountIn, firstPool, secondPool }) => ({ amountIn, firstPool, secondPool }));
  return { quotedUnits, order, routes };
}

/** An ERC-2612 permit for `swapWithPermit`: one transaction, exactly the amount, no approval before or after. */
export async function signPermit(routerAddress: string, seller: Signer, order: Order) {
  const token = IM1Token__factory.connect(order.tokenIn, seller);
  const owner = await seller.getAddress();
  const [name, nonce, chainId] = await Promise.all([token.name(), token.nonces(owner), chainOf(seller)]);
  const signed = await seller.signTypedData(
    { name, version: "1", chainId, verifyingContract: order.tokenIn },
    {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    { owner, spender: routerAddress, value: order.amountIn, nonce, deadline: order.deadline },
  );
  const { v, r, s } = Signature.from(signed);
  return { chainId, nonce, deadline: order.deadline, v, r, s };
}

/** A Permit2 signature for `swapWithPermit2`. It carries the whole order: anybody may submit it, nobody can change it. */
export async function signOrder(routerAddress: string, seller: Signer, order: Order, routes: readonly Route[]) {
  const router = IEnhancedSwapRouter__factory.connect(routerAddress, seller);
  const [permit2, chainId] = await Promise.all([router.permit2(), chainOf(seller)]);
  const nonce = toBigInt(randomBytes(32));
  const signature = await seller.signTypedData(
    { name: "Permit2", chainId, verifyingContract: permit2 },
    {
      PermitWitnessTransferFrom: [
        { name: "permitted", type: "TokenPermissions" },
        { name: "spender", type: "address" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
        { name: "witness", type: "SwapOrder" },
      ],
      Route: [
        { name: "amountIn", type: "uint256" },
        { name: "firstPool", type: "address" },
        { name: "secondPool", type: "address" },
      ],
      SwapOrder: [
        { name: "tokenOut", type: "address" },
        { name: "minOut", type: "uint256" },
        { name: "to", type: "address" },
        { name: "deadline", type: "uint256" },
        { name: "routes", type: "Route[]" },
      ],
      TokenPermissions: [
        { name: "token", type: "address" },
        { name: "amount", type: "uint256" },
      ],
    },
    {
      permitted: { token: order.tokenIn, amount: order.amountIn },
      spender: routerAddress,
      nonce,
      deadline: order.deadline,
      witness: { ...order, routes },
    },
  );
  return { owner: await seller.getAddress(), chainId, nonce, deadline: order.deadline, signature };
}

async function chainOf(signer: Signer): Promise<bigint> {
  if (signer.provider === null) throw new Error("the signer is not connected to a chain");
  return (await signer.provider.getNetwork()).chainId;
}
