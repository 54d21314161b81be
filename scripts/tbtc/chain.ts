export { LocalChain, type LocalReceipt } from "../local/chain.js";
