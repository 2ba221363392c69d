/** Who may import whom: ARCHITECTURE.md, "Who may import whom". */
const wiring = '(^services/(all-in-one|cli|separate)/|/main\\.ts$)'
const only = (name, vendor, folder) => ({
  name,
  comment: `${vendor} stays in ${folder}`,
  severity: 'error',
  from: { pathNot: [`^${folder}`, '^test/'] },
  to: { path: `^node_modules/(${vendor})` },
})
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'schemas-import-nothing',
      severity: 'error',
      from: { path: '^schemas/' },
      to: { path: '^(collectors|services|test)/' },
    },
    {
      name: 'runtime-knows-no-stage',
      severity: 'error',
      from: { path: '^services/runtime/' },
      to: { path: '^(collectors|services/(?!runtime/)|test)/' },
    },
    {
      name: 'formats-are-a-leaf',
      severity: 'error',
      from: { path: '^collectors/formats/' },
      to: { path: '^(collectors/(?!formats/)|services|test)/' },
    },
    {
      name: 'production-imports-no-test',
      severity: 'error',
      from: { path: '^(schemas|collectors|services)/' },
      to: { path: '^test/' },
    },
    {
      name: 'collectors-meet-the-transport-port-only',
      severity: 'error',
      from: { path: '^collectors/', pathNot: wiring },
      to: { path: '^services/', pathNot: '^services/(runtime/|transport/transport\\.ts$)' },
    },
    {
      name: 'transport-knows-no-stage',
      severity: 'error',
      from: { path: '^services/transport/', pathNot: wiring },
      to: { path: '^(collectors|services/(?!runtime/|transport/))' },
    },
    {
      name: 'processor-meets-ports-only',
      severity: 'error',
      from: { path: '^services/processor/', pathNot: wiring },
      to: {
        path: '^(collectors/(?!formats/)|services/(?!runtime/|processor/|transport/transport\\.ts$|store/event-store\\.ts$))',
      },
    },
    {
      name: 'store-knows-no-stage',
      severity: 'error',
      from: { path: '^services/store/', pathNot: wiring },
      to: { path: '^(collectors|services/(?!runtime/|store/))' },
    },
    {
      name: 'query-api-meets-ports-only',
      severity: 'error',
      from: { path: '^services/query-api/', pathNot: wiring },
      to: {
        path: '^(collectors/(?!formats/)|services/(?!runtime/|query-api/|transport/transport\\.ts$|store/event-store\\.ts$))',
      },
    },
    only('kafkajs-in-one-folder', 'kafkajs', 'services/transport/kafka/'),
    only('telemetry-sdk-in-one-folder', '@opentelemetry/(?!api)', 'services/cli/telemetry/'),
    only('clickhouse-in-one-folder', '@clickhouse|chdb|ffi-rs', 'services/store/clickhouse/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
}
