import { any, atMost, implies, is, isEmpty, not, require, times } from '../../require.js';

/** Rules between values: refused by `npm run values`, and by Helm wherever it renders what people and the workflow commit. */
export const dcrRules = [
  require(atMost('dcr.minFarmers', 'dcr.maxFarmers'), 'dcr.minFarmers must be at most dcr.maxFarmers'),
  require(any(
    is('farmers.replicas', 0),
    atMost('dcr.minFarmers', 'farmers.replicas'),
  ), 'farmers.replicas must be 0 or at least dcr.minFarmers: with fewer the rebuild waits for ever'),
  require(atMost('farmers.replicas', 'dcr.maxFarmers'), 'farmers.replicas must be at most dcr.maxFarmers: more are not taken'),
  require(atMost(
    times('farmers.heapGi', 10),
    times('farmers.memoryGi', 8),
  ), 'farmers.heapGi must be at most 80 % of farmers.memoryGi: a JVM needs more than its heap'),
  require(atMost(
    times('synchronizer.heapGi', 10),
    times('synchronizer.memoryGi', 8),
  ), 'synchronizer.heapGi must be at most 80 % of synchronizer.memoryGi: a JVM needs more than its heap'),
  require(implies(
    is('probe.kind', 'exec'),
    not(isEmpty('probe.command')),
  ), 'probe.kind: exec needs probe.command; there is no default one'),
  require(implies(
    is('priorityClasses.create', true),
    not(isEmpty('priorityClasses.guardian')),
  ), 'priorityClasses.create needs priorityClasses.guardian, its name'),
  require(implies(
    is('priorityClasses.create', true),
    not(isEmpty('priorityClasses.farmer')),
  ), 'priorityClasses.create needs priorityClasses.farmer, its name'),
  require(implies(
    is('dcr.workflow.enabled', true),
    not(isEmpty('dcr.workflow.gitUrl')),
  ), 'dcr.workflow.enabled needs dcr.workflow.gitUrl: the workflow scales by commits'),
  require(implies(
    is('dcr.workflow.enabled', true),
    not(isEmpty('dcr.workflow.routerUrl')),
  ), 'dcr.workflow.enabled needs dcr.workflow.routerUrl: a run asks people and tells how it goes'),
];
