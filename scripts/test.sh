#!/bin/sh
# Run the test stages and print the time of each: test.sh BIN [all|check|soak]
set -u
bin=$1
which=${2:-all}
times=""
workers=${TEST_WORKERS:-2}
# Keep numeric libraries to one thread a process: two workers on two cores would fight otherwise.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 JUPYTER_PLATFORM_DIRS=1

stage() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    started=$(date +%s)
    "$@"
    code=$?
    taken=$(($(date +%s) - started))
    times="$times$(printf '%-16s %4d s' "$name" "$taken")
"
    if [ $code -ne 0 ]; then
        printf '\n%s\nFailed in stage: %s\n' "$times" "$name"
        exit $code
    fi
}

lint() {
    "$bin/ruff" format --check . && "$bin/ruff" check . && "$bin/mypy" && "$bin/lint-imports" --no-logo
}

measured() { "$bin/coverage" run -m pytest -q -m "not soak" "$@"; }

report() { "$bin/coverage" combine -q && "$bin/coverage" report --fail-under=85; }

case $which in
check)
    stage "lint and types" lint
    stage "unit" "$bin/pytest" -q -n "$workers" -m "not soak" tests/unit tests/architecture
    ;;
soak)
    stage "soak" "$bin/pytest" -q -m soak tests
    stage "bench" "$bin/python" bench/lake.py --rows 22000000
    stage "bench of factors" "$bin/python" bench/factors.py
    stage "bench at limits" "$bin/python" bench/collect.py --tickers 3000
    ;;
*)
    rm -f .coverage .coverage.*
    stage "lint and types" lint
    stage "unit" measured -n "$workers" tests/unit tests/architecture tests/golden tests/causality
    stage "contract" measured -n "$workers" tests/contract
    stage "faults" measured -n "$workers" tests/faults
    stage "real data" measured -n "$workers" tests/real
    stage "notebooks" measured tests/notebooks
    stage "browser" measured tests/browser
    stage "coverage" report
    ;;
esac
printf '\n%s' "$times"
