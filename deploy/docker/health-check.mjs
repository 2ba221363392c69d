// The container's health check: asks the service in it whether it is ready. Ends with 0 or 1 and prints what it said, which
// `docker inspect` keeps. Plain JavaScript without imports: it runs every few seconds, so it should cost little.
const port = process.env.ROAMWATCH_HEALTH_PORT ?? '0'
try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4000) })
  process.stdout.write((await response.text()).slice(0, 2000))
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  const reason = error.cause?.code ?? error.message
  process.stdout.write(`no answer on port ${port}: ${reason}\n`)
  process.exitCode = 1
}
