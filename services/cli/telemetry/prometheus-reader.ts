/** Collects all metrics when somebody asks for the page. */
import { MetricReader } from '@opentelemetry/sdk-metrics'
import { renderPrometheus } from './render-prometheus.ts'

/** A class because the SDK asks for one. */
export class PageReader extends MetricReader {
  /** Metrics whose reading failed are missing from the page. */
  async read(): Promise<string> {
    const { resourceMetrics } = await this.collect()
    return renderPrometheus(resourceMetrics)
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
}
