/** Which texts in a source file does a person read that are not in the catalogue? Used by its test; not part of the page. */

import ts from "typescript";

export interface Literal {
  readonly line: number;
  /** Where it begins in the file. */
  readonly pos: number;
  readonly text: string;
}

/** Attributes and properties whose texts are read. */
const READ = new Set(["aria-label", "aria-description", "aria-valuetext", "aria-roledescription", "alt", "hint", "label", "placeholder", "says", "title", "unit"]);
/** Attributes whose values look like sentences but are none. */
const NEVER_READ = new Set(["family", "font", "font-family", "accept", "class", "className", "d", "sandbox", "style", "viewBox", "points", "transform", "rel", "keywords", "tag"]);
const TELLS = /(^|\.)(tell|confirm|prompt|alert|Error|HttpError)$/;
const LETTERS = /\p{L}{2}/u;
/** Two words of letters with a space between them. */
const PHRASE = /(^|[^\p{L}\p{N}_.$#-])\p{L}[\p{L}'’]+[,.:;!?…]? \p{L}+(?=[^\p{N}_(\-=[]|$)/u;

const nameOf = (node: ts.JsxAttribute | ts.PropertyAssignment): string => node.name.getText().replace(/["']/g, "");

/** Whether the value of `node` is shown as it is: the two arms of a choice are, what it is chosen by is not. */
function isShown(node: ts.Node): boolean {
  for (let child = node, at = node.parent; at; child = at, at = at.parent) {
    if (ts.isConditionalExpression(at)) {
      if (child === at.condition) return false;
    } else if (ts.isBinaryExpression(at)) {
      const { kind } = at.operatorToken;
      const passes = kind === ts.SyntaxKind.PlusToken || kind === ts.SyntaxKind.BarBarToken || kind === ts.SyntaxKind.QuestionQuestionToken || (kind === ts.SyntaxKind.AmpersandAmpersandToken && child === at.right);
      if (!passes) return false;
    } else if (ts.isJsxExpression(at)) {
      return !ts.isJsxAttribute(at.parent) || READ.has(nameOf(at.parent));
    } else if (ts.isJsxAttribute(at) || ts.isPropertyAssignment(at)) {
      return READ.has(nameOf(at));
    } else if (ts.isCallExpression(at) || ts.isNewExpression(at)) {
      const called = at.expression.getText();
      return (at.arguments?.[0] === child && TELLS.test(called)) || (at.arguments?.[1] === child && called === "withKeys");
    } else if (!(ts.isTemplateSpan(at) || ts.isTemplateExpression(at) || ts.isParenthesizedExpression(at) || ts.isAsExpression(at) || ts.isNonNullExpression(at))) {
      return false;
    }
  }
  return false;
}

function isNeverRead(node: ts.Node): boolean {
  for (let child = node, at = node.parent; at && !ts.isStatement(at); child = at, at = at.parent) {
    if (ts.isImportDeclaration(at) || ts.isLiteralTypeNode(at)) return true;
    if ((ts.isJsxAttribute(at) || ts.isPropertyAssignment(at)) && NEVER_READ.has(nameOf(at))) return true;
    if (ts.isCallExpression(at) && /\.edit$/.test(at.expression.getText())) return at.arguments[0] === child; // names of steps are told by the area `steps`
    if (ts.isCallExpression(at) && /^console\.|\b(querySelector|querySelectorAll|closest|matches|matchMedia)$/.test(at.expression.getText())) return true;
  }
  return ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent);
}

export function literalsIn(name: string, source: string): Literal[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const found: Literal[] = [];
  const take = (node: ts.Node, text: string): void => void found.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, pos: node.getStart(), text: text.trim().replace(/\s+/g, " ") });
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) {
      if (LETTERS.test(node.text)) take(node, node.text);
    } else if (ts.isStringLiteralLike(node)) {
      if (!isNeverRead(node) && (PHRASE.test(node.text) || (LETTERS.test(node.text) && isShown(node)))) take(node, node.text);
    } else if (ts.isTemplateExpression(node)) {
      const fixed = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
      if (!isNeverRead(node) && (fixed.some((part) => PHRASE.test(part)) || (fixed.some((part) => LETTERS.test(part)) && isShown(node)))) take(node, node.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
