#!/usr/bin/env bash
# What the action does: one run, every report, and the exit code of the findings. COMMAND replaces the
# program, so that the script can be run where there is no registry.
set -euo pipefail

flags=(--output github --output "sarif=$SARIF" --output "html=$HTML")
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || flags+=(--output "markdown=$GITHUB_STEP_SUMMARY")
[ -z "$FAIL_ON" ] || flags+=(--fail-on "$FAIL_ON")
[ -z "$POLICY" ] || flags+=(--policy "$POLICY")
[ -z "$EXPECT" ] || flags+=(--expect "$EXPECT")
[ -z "$BASELINE" ] || flags+=(--baseline "$BASELINE")

inputs=()
while IFS= read -r line; do
  [ -z "$line" ] || inputs+=("$line")
done <<<"$INPUTS"
if [ ${#inputs[@]} -eq 0 ]; then
  echo '::error title=vstate-check::the input `inputs` names no file'
  exit 2
fi

if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'sarif=%s\nhtml=%s\n' "$SARIF" "$HTML" >>"$GITHUB_OUTPUT"
fi

# In a clone that is built, the action runs what was built there.
own="$GITHUB_ACTION_PATH/../dist/cli.js"
if [ -n "${COMMAND:-}" ]; then
  read -r -a command <<<"$COMMAND"
elif [ -f "$own" ]; then
  command=(node "$own")
else
  command=(npx --yes "vstate-check@$VERSION")
fi

status=0
"${command[@]}" check "${flags[@]}" -- "${inputs[@]}" || status=$?

# Code scanning opens an alert for every result: it reads neither suppressions nor a baseline.
if [ -f "$SARIF" ]; then
  node -e '
    const { readFileSync, writeFileSync } = require("node:fs");
    const file = process.argv[1];
    const sarif = JSON.parse(readFileSync(file, "utf8"));
    for (const run of sarif.runs) {
      run.results = run.results.filter(
        ({ suppressions, baselineState = "new" }) => suppressions === undefined && baselineState === "new",
      );
    }
    writeFileSync(file, JSON.stringify(sarif, null, 2) + "\n");
  ' "$SARIF"
fi
exit "$status"
