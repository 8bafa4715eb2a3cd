import { defaultFieldResolver, getNamedType, type GraphQLSchema, isLeafType, isObjectType } from 'graphql';

/** Leaf fields that a view computes when asked; every other leaf is a plain value, read without a call. */
const COMPUTED = new Set([
  'AppVersion.latest',
  'AppVersion.publishedBy',
  'Attempt.nodeName',
  'Batch.cancelledBy',
  'Batch.cells',
  'Batch.objectives',
  'ClusterEntry.by',
  'ClusterEntry.nodeName',
  'ClusterEntry.text',
  'Engine.publishedBy',
  'Job.args',
  'Job.compared',
  'Job.differs',
  'Job.place',
  'Job.stoppedBy',
  'Job.waitingFor',
  'Licence.dataTaken',
  'Licence.definedBy',
  'Licence.note',
  'Licence.optimizationTaken',
  'Licence.waiting',
  'Node.runningJobs',
  'Node.sessions',
  'QueuePolicy.warnings',
  'Session.waited',
  'Session.waitingFor',
  'Statistics.csv',
  'Statistics.currency',
  'StatisticsRow.label',
]);

/**
 * Views are plain objects whose fields may be functions (`Lazy`). Compiled queries call only declared
 * resolvers, so every field that can be a function gets graphql's own default resolver.
 */
export const lazyFields = (schema: GraphQLSchema): GraphQLSchema => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const lazy =
        field.args.length > 0 ||
        !isLeafType(getNamedType(field.type)) ||
        COMPUTED.has(`${type.name}.${field.name}`);
      if (lazy) field.resolve ??= defaultFieldResolver;
    }
  }
  return schema;
};
