/* What test_old_screens.py asks of the scripts on standard input (`[[name, source], …]`, JSON): for each, that it is
   ES2015 (`error` says where not), and the names that it uses, as `[name, line]`: `members` after a dot, `globals`
   that it does not declare itself and does not guard with typeof. */
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

/** `member(node)` for each member access; `name(node)` for each other identifier that is not guarded. */
function walk(node, member, name, isGuarded) {
  if (node.type === "MemberExpression") {
    if (!node.computed) { member(node.property.name, node); }
    if (node.computed && node.property.type === "Literal") { member(String(node.property.value), node); }
    walk(node.object, member, name, isGuarded);
    if (node.computed) { walk(node.property, member, name, isGuarded); }
    return;
  }
  if (node.type === "Property" && !node.computed) {
    if (node.value.type === "AssignmentPattern" || node.shorthand) { member(node.key.name || String(node.key.value), node); }
    walk(node.value, member, name, isGuarded);
    return;
  }
  if (node.type === "Identifier" && !isGuarded) { name(node); }
  const guards = (node.type === "ConditionalExpression" || node.type === "IfStatement") && isGuard(node.test);
  children(node).forEach((child) => walk(child, member, name, isGuarded || guards));
}

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

function read(source) {
  let tree;
  try {
    tree = acorn.parse(source, { ecmaVersion: 2015, sourceType: "script", locations: true });
  } catch (error) {
    return { error: error.message, members: [], globals: [] };
  }
  const own = declared(tree, new Set());
  const members = [];
  const globals = [];
  const member = (name, node) => members.push([name, node.loc.start.line, node.object ? source.slice(node.object.start, node.object.end) : ""]);
  const name = (node) => own.has(node.name) || globals.push([node.name, node.loc.start.line]);
  walk(tree, member, name, false);
  return { error: null, members: members, globals: globals };
}

const files = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(files.map((file) => read(file[1]))));
