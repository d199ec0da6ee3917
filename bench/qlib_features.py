"""The fourteen features with Qlib, run by the interpreter of Qlib's own environment.

    qlib_features.py FOLDER RESULT KERNELS

FOLDER holds Qlib's binary files; RESULT gets the seconds of each repetition and a sample of the values as JSON.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

EXPRESSIONS = {
    **{f"roc{n}": f"$close/Ref($close, {n})-1" for n in (1, 5, 20, 60)},
    **{f"ma{n}": f"Mean($close, {n})/$close" for n in (5, 20, 60)},
    **{f"std{n}": f"Std($close/Ref($close, 1)-1, {n})" for n in (20, 60)},
    "max20": "Max($high, 20)/$close",
    "min20": "Min($low, 20)/$close",
    "volr20": "$volume/Mean($volume, 20)",
    "range14": "Mean(($high-$low)/$close, 14)",
    "vwap20": "Mean($close*$volume, 20)/Mean($volume, 20)/$close",
}


def main() -> None:
    """Load from the files and compute, without Qlib's caches of expressions and data sets."""
    import qlib
    from qlib.data import D

    folder, result, kernels = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    qlib.init(provider_uri=folder, kernels=kernels, expression_cache=None, dataset_cache=None, logging_level=40)
    seconds = []
    for _ in range(3):
        qlib.data.data.Cal.calendar()
        from qlib.data.cache import H

        H.clear()
        began = time.perf_counter()
        frame = D.features(D.instruments("all"), list(EXPRESSIONS.values()), freq="day")
        seconds.append(time.perf_counter() - began)
    frame.columns = list(EXPRESSIONS)
    last = frame.groupby(level="instrument").tail(1).droplevel("datetime").sort_index()
    shown = {name: [float(value) for value in last[name]] for name in frame.columns}
    result.write_text(json.dumps({"seconds": seconds, "rows": len(frame), "last": shown}))


if __name__ == "__main__":
    main()
