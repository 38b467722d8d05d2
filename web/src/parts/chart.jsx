// A small chart of bars. What it shows stands below it as a table as well, for those who do not see it.

const HEIGHT = 48;
const GAP = 2;
const WIDTH = 300;

/** @param {{ bars: { label: string, count: number }[], title: string, head: [string, string] }} props */
export function Chart({ bars, title, head }) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const step = WIDTH / bars.length;
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="chart-ground" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
        {bars.map(({ label, count }, at) => count > 0 && (
          <rect
            key={label} x={at * step + GAP / 2} width={step - GAP}
            y={HEIGHT - (count / most) * (HEIGHT - 4)} height={(count / most) * (HEIGHT - 4)}
          >
            <title>{`${label}: ${count}`}</title>
          </rect>
        ))}
      </svg>
      <p class="chart-ends small dim" aria-hidden="true"><span>{bars[0].label}</span><span>{bars.at(-1).label}</span></p>
      <table class="unseen">
        <thead><tr>{head.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {bars.filter(({ count }) => count > 0).map(({ label, count }) => <tr key={label}><td>{label}</td><td>{count}</td></tr>)}
        </tbody>
      </table>
    </figure>
  );
}
