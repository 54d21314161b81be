/**
 * Which external functions only certain callers may use, read from the compiler's syntax tree: a function is guarded when it, one of its
 * modifiers or an internal function it calls decides on the sender.
 */

/** A node of the syntax tree: an object with a `nodeType`; its other members are read where they are known to be. */
export interface AstNode {
  readonly id: number;
  readonly nodeType: string;
  readonly [member: string]: unknown;
}

/** What one deployable contract lets only certain callers do. */
export interface GuardedContract {
  readonly contract: string;
  /** Path of the source. */
  readonly source: string;
  /** Names of guarded functions, sorted; overloads share one. */
  readonly functions: readonly string[];
  /** Names of role constants, sorted. */
  readonly roles: readonly string[];
}

/** OpenZeppelin's own checks, whose sender comes as an argument. */
const CHECKS = new Set(["_checkRole", "_checkOwner", "_checkCanCall"]);
const SENDER_FUNCTIONS = new Set(["_msgSender"]);

function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "nodeType" in value;
}

/** The nodes directly below a node. */
function children(node: AstNode): AstNode[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function* walk(node: AstNode): Generator<AstNode> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}

function child(node: AstNode | undefined, member: string): AstNode | undefined {
  const value = node?.[member];
  return isNode(value) ? value : undefined;
}

function list(node: AstNode | undefined, member: string): AstNode[] {
  const value = node?.[member];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function text(node: AstNode | undefined, member: string): string {
  const value = node?.[member];
  return typeof value === "string" ? value : "";
}

/** Parameter types as text: what makes one function override another, besides its name. */
function signature(node: AstNode): string {
  const types = list(child(node, "parameters"), "parameters").map((parameter) => {
    const description = parameter["typeDescriptions"] as { typeString?: string } | undefined;
    return description?.typeString ?? "";
  });
  return `${text(node, "name")}(${types.join(",")})`;
}

/** Reads the contracts of one compiler run. Syntax tree ids are unique within it. */
export class Guards {
  private readonly byId = new Map<number, AstNode>();

  constructor(private readonly sources: ReadonlyMap<string, AstNode>) {
    for (const source of sources.values()) {
      for (const node of walk(source)) this.byId.set(node.id, node);
    }
  }

  /** Every contract of `source` that can be deployed. */
  contractsOf(source: string): GuardedContract[] {
    const contracts = list(this.sources.get(source), "nodes").filter(
      (node) =>
        node.nodeType === "ContractDefinition" && node["contractKind"] === "contract" && node["abstract"] !== true,
    );
    return contracts.map((contract) => {
      const bases = this.bases(contract);
      const functions = this.externalFunctions(bases).filter((entry) =>
        this.isGuarded(entry, bases, new Set(parametersOf(entry)), new Set()),
      );
      const constants = bases.flatMap((base) => list(base, "nodes")).filter(isRoleConstant);
      return {
        contract: text(contract, "name"),
        source,
        functions: names(functions),
        roles: names(constants),
      };
    });
  }

  /** The contract and what it inherits from, most derived first. */
  private bases(contract: AstNode): AstNode[] {
    const ids = contract["linearizedBaseContracts"] as readonly number[];
    return ids.flatMap((id) => this.byId.get(id) ?? []);
  }

  /** What anybody can call to change something: the most derived version of each function. */
  private externalFunctions(bases: readonly AstNode[]): AstNode[] {
    const found = new Map<string, AstNode>();
    for (const entry of bases.flatMap((base) => list(base, "nodes"))) {
      if (entry.nodeType !== "FunctionDefinition" || entry["kind"] !== "function") continue;
      if (!["external", "public"].includes(text(entry, "visibility"))) continue;
      if (!found.has(signature(entry))) found.set(signature(entry), entry);
    }
    return [...found.values()].filter((entry) => !["view", "pure"].includes(text(entry, "stateMutability")));
  }

  /** @param chosen parameters whose values the sender himself chooses. */
  private isGuarded(
    callable: AstNode,
    bases: readonly AstNode[],
    chosen: ReadonlySet<number>,
    visited: Set<string>,
  ): boolean {
    const visit = [callable.id, ...chosen].join();
    if (visited.has(visit)) return false;
    visited.add(visit);
    const senders = this.sendersIn(callable);
    for (const node of walk(callable)) {
      const condition = conditionOf(node);
      if (condition !== undefined && decidesOnSender(condition, senders, chosen)) return true;
      const next = this.calledBy(node, bases);
      if (next === undefined) continue;
      if (CHECKS.has(text(next, "name"))) return true;
      if (this.isGuarded(next, bases, passedOn(node, next, chosen), visited)) return true;
    }
    return false;
  }

  /** The modifier or internal function that a node runs, in its most derived version. */
  private calledBy(node: AstNode, bases: readonly AstNode[]): AstNode | undefined {
    const name = node.nodeType === "ModifierInvocation" ? child(node, "modifierName") : calleeOf(node);
    const declared = this.byId.get(Number(name?.["referencedDeclaration"]));
    if (declared?.nodeType === "ModifierDefinition") return declared;
    if (declared?.nodeType !== "FunctionDefinition" || name === undefined) return undefined;
    // A call through another contract's address asks that contract, which has its own row.
    if (isExternalCall(name)) return undefined;
    if (name.nodeType === "MemberAccess" || declared["virtual"] !== true) return declared;
    const overriding = bases
      .flatMap((base) => list(base, "nodes"))
      .find((entry) => entry.nodeType === "FunctionDefinition" && signature(entry) === signature(declared));
    return overriding ?? declared;
  }

  /** Local variables that hold the sender. */
  private sendersIn(callable: AstNode): ReadonlySet<number> {
    const aliases = new Set<number>();
    for (const node of walk(callable)) {
      if (node.nodeType !== "VariableDeclarationStatement") continue;
      const [variable] = list(node, "declarations");
      if (variable !== undefined && isSender(child(node, "initialValue"), aliases)) aliases.add(variable.id);
    }
    return aliases;
  }
}

/** Whether a condition compares the sender with somebody the contract knows, or looks him up. */
function decidesOnSender(condition: AstNode, senders: ReadonlySet<number>, chosen: ReadonlySet<number>): boolean {
  for (const node of walk(condition)) {
    if (node.nodeType === "BinaryOperation" && ["==", "!="].includes(text(node, "operator"))) {
      const [left, right] = [child(node, "leftExpression"), child(node, "rightExpression")];
      const other = isSender(left, senders) ? right : isSender(right, senders) ? left : undefined;
      // Compared with what he names himself: that asks whether he acts on his own behalf, not who he is.
      if (other !== undefined && !chosen.has(Number(other["referencedDeclaration"]))) return true;
    }
    if (!isBoolean(node)) continue;
    if (node.nodeType === "IndexAccess" && isSender(child(node, "indexExpression"), senders)) return true;
    const args = node.nodeType === "FunctionCall" ? list(node, "arguments") : [];
    if (args.some((argument) => isSender(argument, senders))) return true;
  }
  return false;
}

function parametersOf(callable: AstNode): number[] {
  return list(child(callable, "parameters"), "parameters").map((parameter) => parameter.id);
}

/** Which parameters of the called function carry on what the sender has chosen. */
function passedOn(call: AstNode, called: AstNode, chosen: ReadonlySet<number>): Set<number> {
  const parameters = parametersOf(called);
  const args = list(call, "arguments");
  // Called as `value.f()`, a library function gets the value first.
  const bound = child(child(call, "expression"), "expression");
  if (bound !== undefined && args.length + 1 === parameters.length) args.unshift(bound);
  return new Set(parameters.filter((_id, at) => chosen.has(Number(args[at]?.["referencedDeclaration"]))));
}

/** The condition that a node decides on. */
function conditionOf(node: AstNode): AstNode | undefined {
  if (node.nodeType === "IfStatement" || node.nodeType === "Conditional") return child(node, "condition");
  if (node.nodeType !== "FunctionCall" || text(child(node, "expression"), "name") !== "require") return undefined;
  return list(node, "arguments")[0];
}

function calleeOf(node: AstNode): AstNode | undefined {
  return node.nodeType === "FunctionCall" ? child(node, "expression") : undefined;
}

function isExternalCall(callee: AstNode): boolean {
  const description = callee["typeDescriptions"] as { typeIdentifier?: string } | undefined;
  return /^t_function_(?:external|delegatecall|barecall)/.test(description?.typeIdentifier ?? "");
}

function isSender(node: AstNode | undefined, aliases: ReadonlySet<number>): boolean {
  if (node === undefined) return false;
  if (node.nodeType === "Identifier") return aliases.has(Number(node["referencedDeclaration"]));
  if (node.nodeType === "FunctionCall") return SENDER_FUNCTIONS.has(text(child(node, "expression"), "name"));
  return (
    node.nodeType === "MemberAccess" &&
    node["memberName"] === "sender" &&
    text(child(node, "expression"), "name") === "msg"
  );
}

function isBoolean(node: AstNode): boolean {
  return (node["typeDescriptions"] as { typeString?: string } | undefined)?.typeString === "bool";
}

function isRoleConstant(node: AstNode): boolean {
  return node.nodeType === "VariableDeclaration" && node["constant"] === true && text(node, "name").endsWith("_ROLE");
}

function names(nodes: readonly AstNode[]): string[] {
  return [...new Set(nodes.map((node) => text(node, "name")))].sort();
}
