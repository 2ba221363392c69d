/** What `/metrics` answers, for Prometheus and whatever reads its text format. */

/** Collects all metrics. Rejects only because of a fault of ours. */
export type MetricsPage = () => Promise<string>

export const METRICS_PATH = '/metrics'
/** Source: Prometheus, exposition formats, text format 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
