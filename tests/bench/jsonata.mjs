// The other side of tests/bench/jsonata.cc: the same expressions with npm's jsonata.
//
//   node jsonata.mjs jsonata.json FOLDER [SECONDS]     FOLDER/node_modules holds jsonata

import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';

const [, , file, folder, seconds = '1'] = process.argv;
const jsonata = createRequire(resolve(folder, 'package.json'))('jsonata');
const {input, expressions} = JSON.parse(readFileSync(file, 'utf8'));

async function microseconds(expression, length) {
  const batch = 50;
  let evaluations = 0;
  let passed = 0;
  const start = process.cpuUsage();
  do {
    for (let i = 0; i < batch; i++) await expression.evaluate(undefined, {states: {input}});
    evaluations += batch;
    const used = process.cpuUsage(start);
    passed = used.user + used.system;
  } while (passed < length * 1e6);
  return passed / evaluations;
}

const figures = {};
for (const [name, text] of Object.entries(expressions)) {
  const expression = jsonata(text);
  await microseconds(expression, seconds / 5);  // the compiler has to warm up
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push(await microseconds(expression, seconds / 5));
  runs.sort((a, b) => a - b);
  figures[name] = {us: runs[2], result: await expression.evaluate(undefined, {states: {input}})};
}
console.log(JSON.stringify(figures));
