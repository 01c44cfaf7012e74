// fhirpath.js under the same orders as ours.cpp; the plan and the orders are described in compare.py.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [plan_path, modules] = process.argv.slice(2);
const fhirpath = require(path.join(modules, 'fhirpath'));
const model = require(path.join(modules, 'fhirpath', 'fhir-context', 'r4'));
const { ResourceNode } = require(path.join(modules, 'fhirpath', 'src', 'types.js'));

const plan = JSON.parse(fs.readFileSync(plan_path, 'utf8'));
const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

const sets = Object.fromEntries(Object.entries(plan.sets).map(([name, files]) => [name, files.map(read)]));
const references = new Map(Object.entries(plan.references).map(([name, file]) => [name, read(file)]));
const value_sets = new Map(
  Object.entries(plan.value_sets).map(([url, codes]) => {
    const systems = new Map();
    for (const [system, code] of codes) {
      for (const key of [system, '']) {
        if (!systems.has(key)) systems.set(key, new Set());
        systems.get(key).add(code);
      }
    }
    return [url, systems];
  })
);

const has = (systems, system, code) => systems.get(system)?.has(code) ?? false;

const entry_of = (bundle, reference) => bundle.entry?.find(({ fullUrl }) => fullUrl === reference)?.resource;

// Its own resolve() and memberOf() are asynchronous and made for servers; these are given the tables and wait for
// nobody.
const functions = {
  resolve: {
    internalStructures: true,
    fn: function (items) {
      const found = [];
      for (const item of items) {
        const reference = item.data?.reference;
        if (reference === undefined) continue;
        const root = this.dataRoot[0].data;
        const resource = reference.startsWith('#')
          ? root.contained?.find((candidate) => candidate.id === reference.slice(1))
          : (root.resourceType === 'Bundle' && entry_of(root, reference)) || references.get(reference);
        if (resource) found.push(ResourceNode.makeResNode(this, resource, null, resource.resourceType, null, null));
      }
      return found;
    },
  },
  memberOf: {
    internalStructures: true,
    arity: { 1: ['String'] },
    fn: (items, value_set) => {
      const systems = value_sets.get(value_set);
      if (items.length !== 1 || systems === undefined) return [];
      const value = items[0].data;
      if (typeof value === 'string') return [has(systems, '', value)];
      const codings = value.coding ?? [value];
      return [codings.some((coding) => has(systems, coding.system ?? '', coding.code))];
    },
  },
};

const rows = plan.expressions.map(({ set, expr }) => ({
  resources: sets[set],
  evaluate: fhirpath.compile(expr, model, { userInvocationTable: functions }),
}));

// Evaluations and the seconds they took, at least `seconds`.
function run({ resources, evaluate }, seconds) {
  const begin = process.hrtime.bigint();
  let count = 0;
  let taken = 0;
  while (taken < seconds) {
    for (const resource of resources) evaluate(resource);
    count += resources.length;
    taken = Number(process.hrtime.bigint() - begin) / 1e9;
  }
  return `${count} ${taken}`;
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, index, seconds] = line.split(' ');
  const row = rows[Number(index)];
  const answer = order === 'answers' ? JSON.stringify(row.resources.map((r) => row.evaluate(r))) : run(row, Number(seconds));
  process.stdout.write(answer + '\n');
});
