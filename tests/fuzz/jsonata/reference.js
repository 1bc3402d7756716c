'use strict';

// Answers expressions with the reference implementation, one JSON object per line: "expr" and
// "data" (absent: undefined). Each answer is one line: {"result"}, {"undefined"}, {"function"},
// {"code"}, {"notJson"} (holds a number that is not finite, or a function), {"crash"} (an error
// without a code: the reference itself is at fault) or {"endless"} (too many steps).
//
// Its source is changed where what it answers depends on no rule: see REPAIRS.
//
//   node reference.js NODE_MODULES STEPS_MAX NOW_MS

const fs = require('fs');
const Module = require('module');
const path = require('path');
const readline = require('readline');

const [modules, stepsMax, nowMs] = process.argv.slice(2);

// $now() and dates with defaults must come out the same each time.
const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [Number(nowMs)] : parts));
  }
};

// What stands in the source, once each, and what takes its place.
const REPAIRS = [
  // Elements, and values of groups, are evaluated at the same time: of two errors the one wins that
  // takes fewer ticks of the event loop. One after the other, the first one does.
  ['await Promise.all(expr.expressions\n                    .map(', 'await inTurn((expr.expressions),('],
  ['await Promise.all(Object.keys(groups).map(', 'await inTurn((Object.keys(groups)),('],
  // Grouping an empty array adds to the array itself, be it part of the input.
  ['input.push(undefined);', 'input = createSequence(undefined);'],
  // Of several values that one row is grouped into, only the first finds the row's context.
  ['var tuple = reduceTupleStream(entry.data);',
    'var tuple = Object.assign({}, reduceTupleStream(entry.data));'],
  // A predicate after an order-by whose step has names ($x after @ or #) sees the machinery of the
  // names instead of the values.
  ['result = await evaluateSortExpression(expr, tupleBindings, environment);',
    'result = await evaluateSortExpression(expr, tupleBindings, environment);' +
    'result.tupleStream = true;'],
  // A predicate or a group on a block at the end of a function is applied to the call that the block
  // ends in, before it is made.
  ["if (expr.type === 'function' && !expr.predicate) {\n                var thunk",
    "if (expr.type === 'block' && (expr.predicate || expr.group)) return expr;\n" +
    "if (expr.type === 'function' && !expr.predicate) {\n                var thunk"],
];

const IN_TURN = `
async function inTurn(items, make) {
  const made = [];
  for (let i = 0; i < items.length; i++) made.push(await make(items[i], i));
  return made;
}
`;

function loadReference() {
  const file = path.join(modules, 'jsonata', 'jsonata.js');
  let source = fs.readFileSync(file, 'utf8');
  for (const [original, repaired] of REPAIRS) {
    const parts = source.split(original);
    if (parts.length !== 2) throw new Error('not found once in the reference: ' + original);
    source = parts.join(repaired);
  }
  const reference = new Module(file);
  reference._compile(source + IN_TURN, file);
  return reference.exports;
}

const jsonata = loadReference();

class Endless extends Error {}

function isJson(value) {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'function') return false;
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return Array.from(value).every(isJson);
  if (value._jsonata_lambda || value._jsonata_function) return false;
  return Object.values(value).every(isJson);
}

function describe(result) {
  if (result === undefined) return {undefined: true};
  const isFunction = typeof result === 'function' || (result !== null && typeof result === 'object' &&
    (result._jsonata_lambda || result._jsonata_function));
  if (isFunction) return {function: true};
  return isJson(result) ? {result} : {notJson: true};
}

async function answer(line) {
  const question = JSON.parse(line);
  let steps = 0;
  try {
    const expression = jsonata(question.expr);
    expression.assign(Symbol.for('jsonata.__evaluate_entry'), () => {
      steps++;
      if (steps > Number(stepsMax)) throw new Endless();
    });
    return describe(await expression.evaluate(question.data));
  } catch (error) {
    if (error instanceof Endless) return {endless: true};
    // $eval passes on an error without a code as one with a code.
    if (error && error.error && !error.error.code) return {crash: String(error.error)};
    if (error && error.code) return {code: String(error.code), message: error.message};
    return {crash: String(error)};
  }
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    process.stdout.write(JSON.stringify(await answer(line)) + '\n');
  }
}

main();
