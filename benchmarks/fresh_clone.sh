#!/usr/bin/env bash
# Wall time of both commands on a fresh clone of what is committed, as lines of a Markdown table. Downloads come from
# pip's cache if it has them: PIP_NO_CACHE_DIR=1 measures with them. Takes minutes.
set -euo pipefail
source=$(git rev-parse --show-toplevel)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shared/ stands beside the checkout where it exists, so that the same tests run.
if [ -d "$source/../shared" ]; then ln -s "$(cd "$source/../shared" && pwd)" "$folder/shared"; fi
git clone --quiet "$source" "$folder/clone"
cd "$folder/clone"

echo "| command on a fresh clone of $(git rev-parse --short HEAD) | wall time |"
echo "|---|---|"
failed=0
for goal in install demo test demo test; do
    began=$(date +%s.%N)
    said=""
    make "$goal" </dev/null >"$folder/$goal.log" 2>&1 || { said=" (failed)"; failed=1; }
    LC_ALL=C awk -v goal="$goal" -v began="$began" -v ended="$(date +%s.%N)" -v said="$said" \
        'BEGIN { printf "| make %s%s | %.1f s |\n", goal, said, ended - began }'
done
echo
grep -E "(passed|failed).* in " "$folder/test.log" | tail -n 1
exit $failed
