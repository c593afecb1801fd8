import { init } from 'echarts';

/** A bar and what stands at its end. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  /** Ours stands out. */
  readonly isOurs: boolean;
}

const BAR_HEIGHT = 26;
const LABEL_WIDTH = 132;

/**
 * Horizontal bars as SVG text. The colours are variables of the page, so that one picture serves
 * light and dark.
 */
export function barChart(bars: readonly Bar[], width: number): string {
  const height = bars.length * BAR_HEIGHT + 8;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const font = { fontFamily: 'inherit', fontSize: 12, color: 'var(--text)' };
  chart.setOption({
    animation: false,
    grid: { left: LABEL_WIDTH, right: 74, top: 4, bottom: 4 },
    xAxis: { type: 'value', show: false, min: 0 },
    yAxis: {
      type: 'category',
      inverse: true,
      data: bars.map(({ label }) => label),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...font, width: LABEL_WIDTH - 10, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        barWidth: 14,
        data: bars.map(({ value, text, isOurs }) => ({
          value,
          itemStyle: {
            color: isOurs ? 'var(--ours)' : 'var(--others)',
            borderRadius: [0, 3, 3, 0],
          },
          label: {
            ...font,
            show: true,
            position: 'right',
            formatter: () => text,
            fontWeight: isOurs ? 'bold' : 'normal',
          },
        })),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
