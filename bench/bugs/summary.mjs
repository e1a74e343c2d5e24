/** What a share of some numbers does not exceed, where what was never reached is more than anything. */
const quantile = (values, share) => {
  const sorted = values.map((value) => value ?? Infinity).sort((one, other) => one - other);
  const middle = sorted[Math.floor((sorted.length - 1) * share)];
  return middle === Infinity ? undefined : middle;
};

const median = (values) => quantile(values, 0.5);

/** For each bug and fuzzer: how many runs found it, and the medians of executions and seconds. */
export const summarise = (results) => {
  const groups = new Map();
  for (const result of results) {
    const key = `${result.bug}\0${result.fuzzer}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((runs) => {
    const [{ bug, kind, shows, fuzzer }] = runs;
    const of = (what, measure) => median(runs.map((run) => run[what]?.[measure]));
    return {
      ...{ bug, kind, shows, fuzzer, runs: runs.length },
      met: runs.filter((run) => run.met !== undefined).length,
      detected: runs.filter((run) => run.detected !== undefined).length,
      falseAlarms: runs.filter((run) => run.falseAlarm).length,
      metAfter: { executions: of('met', 'executions'), seconds: of('met', 'seconds') },
      detectedAfter: {
        executions: of('detected', 'executions'),
        seconds: of('detected', 'seconds'),
      },
      edits: runs.flatMap(({ edits }) => edits ?? []),
      rate: median(runs.map(({ executions, seconds }) => executions / seconds)),
    };
  });
};

const cell = ({ runs, detected, detectedAfter, met }) => {
  if (detectedAfter.executions === undefined) return `${detected}/${runs} (met ${met})`;
  const { executions, seconds } = detectedAfter;
  return `${detected}/${runs} ${executions} in ${seconds.toFixed(1)} s`;
};

/** The same for people: one line a bug, one column a fuzzer, and the shares below. */
export const table = ({ bugs, time }) => {
  const fuzzers = [...new Set(bugs.map(({ fuzzer }) => fuzzer))];
  const ids = [...new Set(bugs.map(({ bug }) => bug))];
  const row = (...cells) =>
    cells
      .map((text, index) => text.padEnd(index === 0 ? 28 : 26))
      .join('')
      .trimEnd();
  const lines = [row(`found in ${time} s`, ...fuzzers)];
  for (const id of ids) {
    const cells = fuzzers.map((fuzzer) => {
      const found = bugs.find((entry) => entry.bug === id && entry.fuzzer === fuzzer);
      return found === undefined ? '' : cell(found);
    });
    lines.push(row(id, ...cells));
  }
  for (const kind of new Set(bugs.map((entry) => entry.kind))) {
    const cells = fuzzers.map((fuzzer) => {
      const some = bugs.filter((entry) => entry.fuzzer === fuzzer && entry.kind === kind);
      const found = some.filter((entry) => entry.detectedAfter.executions !== undefined).length;
      const middle = median(some.map((entry) => entry.detectedAfter.seconds));
      const when = middle === undefined ? '' : `, ${middle.toFixed(2)} s`;
      return some.length === 0 ? '' : `${found} of ${some.length}${when}`;
    });
    lines.push(row(`${kind}, by the median`, ...cells));
  }
  const edits = bugs.flatMap((entry) => entry.edits);
  if (edits.length > 0) {
    const [middle, most] = [quantile(edits, 0.5), quantile(edits, 0.95)];
    lines.push(`edits of what was found: ${middle} by the median, ${most} or fewer in 95 of 100`);
  }
  const alarms = bugs.reduce((sum, entry) => sum + entry.falseAlarms, 0);
  return `${[...lines, `findings without the bug: ${alarms}`].join('\n')}\n`;
};
