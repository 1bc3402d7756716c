// The other side of tests/bench/transitions.cc: the machines `loop` and `map` of
// tests/bench/machines.json with npm's aws-local-stepfunctions, in memory.
//
//   node machines.mjs machines.json FOLDER [SECONDS]     FOLDER/node_modules holds the package
//
// Per second of this process's CPU time; one JSON line, the median of five runs each.

import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';

const [, , file, folder, seconds = '1'] = process.argv;
const {StateMachine} = createRequire(resolve(folder, 'package.json'))('aws-local-stepfunctions');
const machines = JSON.parse(readFileSync(file, 'utf8'));
const unchecked = {validationOptions: {checkPaths: false, checkArn: false}};

async function perSecond(machine, input, units, length) {
  let done = 0;
  let passed = 0;
  const start = process.cpuUsage();
  do {
    await machine.run(input).result;
    done += units;
    const used = process.cpuUsage(start);
    passed = used.user + used.system;
  } while (passed < length * 1e6);
  return done / passed * 1e6;
}

async function median(name, input, units) {
  const machine = new StateMachine(machines[name], unchecked);
  await perSecond(machine, input, units, seconds / 5);  // the compiler has to warm up
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push(await perSecond(machine, input, units, seconds / 5));
  return runs.sort((a, b) => a - b)[2];
}

const items = Array.from({length: 10_000}, (_, n) => ({n, name: 'an item'}));
console.log(JSON.stringify({
  loop_transitions_per_s: await median('loop', {n: 0}, 2002),
  map_iterations_per_s: await median('map', {items}, items.length),
}));
