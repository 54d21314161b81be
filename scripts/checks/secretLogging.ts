/**
 * Keeps secrets out of everything that becomes text, as an ESLint rule: logger methods, console, errors, JSON, templates, concatenation and
 * spread. A value is secret by its type (`Secret`), where types are known, and by its name otherwise. Calls are not looked into: what
 * `openKeystore(file, passphrase)` returns is no secret any more.
 */
import type { Rule } from "eslint";
import type { Expression, Node, PrivateIdentifier, Property, SpreadElement, Super } from "estree";
import ts from "typescript";

/** How the name of a secret ends. */
const SECRET_NAME = /(?:passphrase|password|mnemonic|privateKey|secret|secretKey|seedPhrase|dataKey)$/i;
/** Names that end so and are none: what tells about a secret. */
const ABOUT_A_SECRET = /^(?:is|has|no|needs|without|encrypted|public)/i;
const SECRET_TYPE = "Secret";
const LOG_METHODS = new Set(["trace", "debug", "info", "warn", "error", "fatal", "log", "dir", "child"]);
const LOGGER_NAME = /^(?:console|log|logger)$|(?:Log|Logger)$/;
const TEXT_MAKERS = new Set(["JSON.stringify", "String", "inspect", "util.inspect", "format", "util.format"]);

interface TypeServices {
  readonly program?: ts.Program | null;
  readonly getTypeAtLocation?: (node: Node) => ts.Type;
}

export const noSecretLogging: Rule.RuleModule = {
  meta: {
    type: "problem",
    docs: { description: "keep secrets out of logs, errors, JSON and other texts" },
    messages: { leak: "{{name}} is a secret and would become visible through {{sink}}." },
    schema: [{ type: "object", properties: { names: { type: "boolean" } }, additionalProperties: false }],
    /** `names: false`: by type alone, for tests, whose secrets are made up. */
    defaultOptions: [{ names: true }],
  },
  create(context) {
    const [{ names }] = context.options as [{ names: boolean }];
    const services = context.sourceCode.parserServices as TypeServices;

    const typeOf = (node: Node): ts.Type | undefined =>
      services.program === null || services.program === undefined ? undefined : services.getTypeAtLocation?.(node);
    const isSecret = (node: Node): boolean => {
      const type = typeOf(node);
      if (type !== undefined && isSecretType(type)) return true;
      if (!names) return false;
      const name = nameOf(node);
      if (name === undefined || !SECRET_NAME.test(name) || ABOUT_A_SECRET.test(name)) return false;
      return type === undefined || canHold(type);
    };

    const report = (node: Node, sink: string): void => {
      context.report({ node, messageId: "leak", data: { name: context.sourceCode.getText(node), sink } });
    };
    /** Reports every secret in what is handed to a sink, however deep it lies in a literal. */
    const search = (node: Node | null | undefined, sink: string): void => {
      if (node == null) return;
      if (isSecret(node)) report(node, sink);
      else for (const part of partsOf(node)) search(part, sink);
    };

    return {
      CallExpression(node) {
        const sink = sinkOf(node.callee);
        if (sink !== undefined) for (const argument of node.arguments) search(argument, sink);
      },
      NewExpression(node) {
        const name = nameOf(node.callee);
        if (name?.endsWith("Error") === true) for (const argument of node.arguments) search(argument, `new ${name}`);
      },
      TemplateLiteral(node) {
        for (const expression of node.expressions) search(expression, "a template");
      },
      BinaryExpression(node) {
        if (node.operator !== "+") return;
        search(node.left, "concatenation");
        search(node.right, "concatenation");
      },
      AssignmentExpression(node) {
        if (node.operator === "+=") search(node.right, "concatenation");
      },
      SpreadElement(node) {
        // A literal that is spread is nothing but a way to write its parts.
        if (isSecret(node.argument)) report(node.argument, "spread");
      },
    };
  },
};

/** The call's name when what it is given becomes text. */
function sinkOf(callee: Expression | Super): string | undefined {
  if (callee.type === "Identifier") return TEXT_MAKERS.has(callee.name) ? callee.name : undefined;
  if (callee.type !== "MemberExpression") return undefined;
  const [object, method] = [nameOf(callee.object), nameOf(callee)];
  if (object === undefined || method === undefined) return undefined;
  const whole = `${object}.${method}`;
  return TEXT_MAKERS.has(whole) || (LOG_METHODS.has(method) && LOGGER_NAME.test(object)) ? whole : undefined;
}

/** `passphrase`, `this.passphrase`, `config.passphrase`, `env["passphrase"]`; undefined for anything that is no plain value. */
function nameOf(node: Node): string | undefined {
  switch (node.type as string) {
    case "Identifier":
    case "PrivateIdentifier":
      return (node as { name: string } & Node).name;
    case "MemberExpression":
      return memberName(node as Node & { computed: boolean; property: Expression | PrivateIdentifier });
    case "TSNonNullExpression":
    case "TSAsExpression":
    case "TSTypeAssertion":
    case "TSSatisfiesExpression":
    case "AwaitExpression":
    case "ChainExpression":
      return nameOf(innerOf(node));
    default:
      return undefined;
  }
}

function memberName({
  computed,
  property,
}: {
  computed: boolean;
  property: Expression | PrivateIdentifier;
}): string | undefined {
  if (!computed) return nameOf(property);
  return property.type === "Literal" && typeof property.value === "string" ? property.value : undefined;
}

function innerOf(node: Node): Node {
  const holder = node as unknown as { expression?: Node; argument?: Node };
  return holder.expression ?? holder.argument ?? node;
}

/** Where a secret may lie inside an expression without a call in between. */
function partsOf(node: Node): readonly (Node | null)[] {
  switch (node.type) {
    case "ObjectExpression":
      return node.properties.map((entry: Property | SpreadElement) => (entry.type === "Property" ? entry.value : null));
    case "ArrayExpression":
      return node.elements.map((entry) => (entry?.type === "SpreadElement" ? null : entry));
    case "ConditionalExpression":
      return [node.consequent, node.alternate];
    case "LogicalExpression":
      return [node.left, node.right];
    case "SequenceExpression":
      return node.expressions.slice(-1);
    default:
      return (node.type as string).startsWith("TS") ||
        node.type === "AwaitExpression" ||
        node.type === "ChainExpression"
        ? [innerOf(node)].filter((inner) => inner !== node)
        : [];
  }
}

function isSecretType(type: ts.Type): boolean {
  if (type.isUnionOrIntersection()) return type.types.some(isSecretType);
  return (type.getSymbol() as { name: string } | undefined)?.name === SECRET_TYPE;
}

/** Whether a value of this type can hold the text or the bytes of a secret: not when it is a number, a truth value or a function. */
function canHold(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(canHold);
  if (type.getCallSignatures().length > 0) return false;
  const { NumberLike, BigIntLike, BooleanLike, Undefined, Null, Void, Never } = ts.TypeFlags;
  const notText = NumberLike | BigIntLike | BooleanLike | Undefined | Null | Void | Never;
  return type.isIntersection() || (type.flags & notText) === 0;
}
