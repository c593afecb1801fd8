import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

/** Metrics as Prometheus reads them, by the names that OpenTelemetry's exporter for it gives them. */
export function exposition({ scopeMetrics }: ResourceMetrics): string {
  const lines: string[] = [];
  for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const { descriptor, dataPointType } = metric;
    const suffix = descriptor.unit === 's' ? '_seconds' : '';
    const name = descriptor.name.replaceAll(/\W/g, '_') + suffix;
    switch (dataPointType) {
      case DataPointType.HISTOGRAM:
        lines.push(`# TYPE ${name} histogram`);
        for (const point of metric.dataPoints) lines.push(...histogramLines(name, point));
        break;
      case DataPointType.SUM: {
        const isCounter = metric.isMonotonic;
        const full = isCounter ? `${name}_total` : name;
        lines.push(`# TYPE ${full} ${isCounter ? 'counter' : 'gauge'}`);
        for (const point of metric.dataPoints) lines.push(`${full}${labels(point)} ${point.value}`);
        break;
      }
      case DataPointType.GAUGE:
        lines.push(`# TYPE ${name} gauge`);
        for (const point of metric.dataPoints) lines.push(`${name}${labels(point)} ${point.value}`);
        break;
      default:
    }
  }
  return `${lines.join('\n')}\n`;
}

function histogramLines(name: string, point: DataPoint<Histogram>): string[] {
  const { buckets, count, sum = 0 } = point.value;
  let below = 0;
  const lines = buckets.boundaries.map((boundary, i) => {
    below += buckets.counts[i]!;
    return `${name}_bucket${labels(point, `le="${boundary}"`)} ${below}`;
  });
  lines.push(`${name}_bucket${labels(point, 'le="+Inf"')} ${count}`);
  lines.push(`${name}_sum${labels(point)} ${sum}`, `${name}_count${labels(point)} ${count}`);
  return lines;
}

function labels({ attributes }: DataPoint<unknown>, more?: string): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => `${key.replaceAll(/\W/g, '_')}=${JSON.stringify(String(value))}`,
  );
  if (more !== undefined) pairs.push(more);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
