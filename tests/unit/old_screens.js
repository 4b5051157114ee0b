/* What test_old_screens.py asks about scripts (a JSON list of sources on standard input). For each: `error`, where it is
   not ES2015; and what it uses, with lines: `calls` [method, receiver, line], `reads` [receiver.property, line] and
   `globals` [name, line], which it neither declares nor guards by typeof. */
"use strict";

const fs = require("fs");
const path = require("path");
const acorn = require(path.join(__dirname, "../vendor/acorn/acorn.js"));

function children(node) {
  const found = [];
  for (const key of Object.keys(node)) {
    for (const value of [].concat(node[key])) {
      if (value && typeof value.type === "string") { found.push(value); }
    }
  }
  return found;
}

/** Whether a test such as `typeof window === "undefined"` stands here: what it chooses is guarded. */
const isGuard = (node) => node.type === "UnaryExpression" && node.operator === "typeof" || children(node).some(isGuard);

function declared(node, names) {
  const bind = (pattern) => {
    if (pattern.type === "Identifier") { names.add(pattern.name); } else { children(pattern).forEach(bind); }
  };
  if (node.type === "VariableDeclarator") { bind(node.id); }
  if (/^(Function|Class)/.test(node.type) && node.id) { names.add(node.id.name); }
  (node.params || []).concat(node.type === "CatchClause" && node.param ? node.param : []).forEach(bind);
  children(node).forEach((child) => declared(child, names));
  return names;
}

function nameOf(member) {
  if (!member.computed) { return member.property.name; }
  return member.property.type === "Literal" ? String(member.property.value) : "";
}

/** Fills `used` from the tree. Names of properties are no globals; a method that is called is no mere read. */
function collect(node, used, source, isGuarded) {
  const line = node.loc.start.line;
  const text = (part) => source.slice(part.start, part.end);
  if (node.type === "CallExpression" && node.callee.type === "MemberExpression") {
    used.calls.push([nameOf(node.callee), text(node.callee.object), line]);
  }
  if (node.type === "MemberExpression") { used.reads.push([text(node.object) + "." + nameOf(node), line]); }
  if (node.type === "Identifier" && !isGuarded && !used.own.has(node.name)) { used.globals.push([node.name, line]); }
  const guards = (node.type === "ConditionalExpression" || node.type === "IfStatement") && isGuard(node.test);
  const isName = (child) => !node.computed && (child === node.property || child === node.key);
  children(node).filter((child) => !isName(child)).forEach((child) => collect(child, used, source, isGuarded || guards));
}

function read(source) {
  let tree;
  try {
    tree = acorn.parse(source, { ecmaVersion: 2015, sourceType: "script", locations: true });
  } catch (error) {
    return { error: error.message, calls: [], reads: [], globals: [] };
  }
  const used = { own: declared(tree, new Set()), calls: [], reads: [], globals: [] };
  collect(tree, used, source, false);
  return { error: null, calls: used.calls, reads: used.reads, globals: used.globals };
}

console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(read)));
