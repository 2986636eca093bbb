// Records of deploys as a server keeps them, for what shows them.
//
//   rolledBack()                       // a canary whose kernel took three times as long as its shadow
//   hostile()                          // the same with texts that would be markup, script or a control sequence

import type { DeployRecord, DeployStage } from "../../server/protocol/deploy-record.ts";

const AT = "2026-01-01T00:00:10.000Z";
const stage = (name: string, ok: boolean | null, text: string, tookMs: number, data = {}): DeployStage => ({
  stage: name,
  ok,
  text,
  took_ms: tookMs,
  at: AT,
  data,
});

const TERMS = [
  {
    what: "damage.swing",
    incumbent: 6_638,
    candidate: 6_688,
    ticks: 6,
    n: 542,
    expected: false,
    first: "zone 1, tick 62: Hogger 1000001",
  },
  { what: "damage.spell.fireball", incumbent: 41_200, candidate: 46_144, ticks: 900, n: 4_120, expected: true },
  { what: "health.lost.creatures", incumbent: 47_838, candidate: 52_832, ticks: 903, n: 4_600, expected: null },
];
const REPORT = {
  verdict: "fail",
  reason: "fail: damage of swings +0.75 % not expected",
  class: "changed",
  checks: [
    { name: "damage.swing", holds: false, shown: "6,638 → 6,688 (+0.75 %), not expected (n 542, 6 ticks)" },
    { name: "fuel", holds: true, shown: "×1.000, at most ×1.03" },
  ],
  incumbents: ["0303860778dc5604"],
  terms: TERMS,
  ticks: 2_102,
  equal: 1_199,
  zones: 2,
  fuel_ratio: 1,
  seconds: 4.1,
};
const seconds = Array.from({ length: 30 }, (_, second) => second);
const SERIES = [
  {
    title: "kernel time, zone 2",
    unit: "ms",
    seconds,
    lines: [
      { name: "candidate p50", of: "candidate", values: seconds.map((second) => 0.9 + 0.1 * Math.sin(second)) },
      { name: "candidate p99", of: "candidate", values: seconds.map((second) => 1.6 + 0.3 * Math.cos(second)) },
      {
        name: "shadow p50",
        of: "incumbent",
        values: seconds.map((second) => (second === 12 ? null : 0.3 + 0.02 * Math.sin(second))),
      },
      { name: "shadow p99", of: "incumbent", values: seconds.map(() => 0.52) },
    ],
  },
];
const BLOCKS = seconds.map((n) => ({
  n,
  log_ratio: Math.log(3),
  incumbent_us: 300 + n,
  candidate_us: 900 + 3 * n,
  incumbent_max_us: 600,
  candidate_max_us: 1_500 + 10 * n,
}));
const SHADOW = {
  zones: [],
  yielded: { times: 0, ticks: 0 },
  terms: TERMS,
  time_ratio: 3,
  time_blocks: BLOCKS,
  core_share: 0.04,
  problems: [],
};

export const CHECKS = [
  {
    name: "kernel time",
    holds: false,
    shown: "×3.02 in the median of 30 blocks of 20 ticks",
    value: 3.02,
    limit: 1.15,
    n: 30,
  },
  { name: "values", holds: null, shown: "2 of 600 ticks lack their kernel time", value: 0.9967, limit: 0.99, n: 600 },
  { name: "traps and recoveries", holds: true, shown: "none", value: 0, limit: 0, n: 600 },
];

export function rolledBack(): DeployRecord {
  return {
    deploy: 7,
    hash: "9f3c2ab45d6e7f80",
    label: "hotfix.wasm",
    source: "build/hotfix.wasm",
    by: "anna@desk",
    force: "drill",
    expect: '[[expect]]\nwhat = "damage.spell.fireball"\nchange = "+10..15 %"\n',
    policy: { limits: { fuel_ratio_max: 1.03, time_ratio_max: 1.03 }, promote: { waves: [0.25, 1] } },
    dry_run: false,
    started_at: "2026-01-01T00:00:00.000Z",
    ended_at: "2026-01-01T00:01:10.000Z",
    outcome: "rolled_back",
    reason: "kernel time ×3.02 of its shadow, at most ×1.15: evidence ×4,100, convicts at ×200",
    stages: [
      stage("check", true, "hotfix.wasm: 61,004 bytes, module 9f3c2ab45d6e7f80; static checks hold", 12),
      stage("upload", true, "the server checked and metered it in 640 ms", 640),
      stage("validate", false, "fail: damage of swings +0.75 % not expected", 4_100, { report: REPORT }),
      stage("validate", true, "goes on by force: drill", 0),
      stage("swap", true, "zone 2 runs 9f3c2ab45d6e7f80 instead of 0303860778dc5604", 80),
      stage("watch", true, "402 ticks of zone 2 with 58 players, compared with the module before", 20_100, {
        series: SERIES,
      }),
      stage("verdict", false, "kernel time ×3.02 of its shadow, at most ×1.15", 0, {
        checks: CHECKS,
        terms: TERMS,
        report: { ...REPORT, shadow: SHADOW },
      }),
      stage("rollback", true, "zone 2 runs 0303860778dc5604 again", 120),
      stage("verify", true, "ten ticks of every zone report the expected module; sessions lost since the swap: 0", 900),
    ],
    lost_stages: 0,
  };
}

const HOSTILE = `</script><script>document.title="owned"</script><img src=http://127.0.0.1:9/x onerror=alert(1)>|\`*_[x](javascript:1)\u202e\u001b[2J`;

export function hostile(): DeployRecord {
  const record = rolledBack();
  const terms = TERMS.map((term) => ({ ...term, what: HOSTILE, first: HOSTILE }));
  const checks = CHECKS.map((check) => ({ ...check, name: HOSTILE, shown: HOSTILE }));
  const series = SERIES.map((each) => ({
    ...each,
    title: HOSTILE,
    unit: HOSTILE,
    lines: each.lines.map((line) => ({ ...line, name: HOSTILE })),
  }));
  const data = { report: { ...REPORT, reason: HOSTILE, terms, checks }, checks, terms, series };
  const stages = [
    ...record.stages,
    stage(HOSTILE, false, HOSTILE, 1, data),
    stage("odd", null, "", Number.NaN, { checks: "x", terms: [1], series: {}, report: 7 }),
  ];
  const texts = {
    label: HOSTILE,
    source: HOSTILE,
    by: HOSTILE,
    force: HOSTILE,
    expect: `${HOSTILE}\n\`\`\`\n</pre>`,
    reason: HOSTILE,
  };
  return { ...record, ...texts, hash: HOSTILE, policy: { [HOSTILE]: HOSTILE }, stages };
}
