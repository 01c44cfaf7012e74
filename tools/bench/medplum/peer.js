// @medplum/core's structureMapTransform under the same orders as ours.cpp; the plan and the orders are described in compare.py.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [plan_path, modules] = process.argv.slice(2);
const core = require(path.join(modules, '@medplum', 'core'));
const definitions = path.join(modules, '@medplum', 'definitions', 'dist', 'fhir', 'r4');
const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

// What it knows of types: which elements are lists.
for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  core.indexStructureDefinitionBundle(read(path.join(definitions, name)));
}

const rows = read(plan_path).maps.map((row) => {
  const map = core.parseMappingLanguage(fs.readFileSync(row.map, 'utf8'));
  const input = read(row.input);
  return { map, source: { type: input.resourceType, value: input }, target: map.group[0].input[1].type };
});

function run(row) {
  // It makes the target without its resourceType, which is part of the result.
  const target = { type: row.target, value: { resourceType: row.target } };
  return core.structureMapTransform(row.map, [row.source, target])[0].value;
}

function time(row, seconds) {
  const start = process.hrtime.bigint();
  let runs = 0;
  let passed = 0;
  while (passed < seconds) {
    for (let i = 0; i < 10; ++i) run(row);
    runs += 10;
    passed = Number(process.hrtime.bigint() - start) / 1e9;
  }
  return `${runs} ${passed}`;
}

console.log('ready');
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, row, seconds] = line.split(' ');
  console.log(order === 'answer' ? JSON.stringify(run(rows[row])) : time(rows[row], Number(seconds)));
});
