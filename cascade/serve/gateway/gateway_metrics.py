"""Gateway metrics: what the server itself counts, beside the totals of the decision log."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from cascade.extras import require_extra
from cascade.log import Log
from cascade.serve.log_totals import LogTotals
from cascade.serve.metrics import exposition, families

if TYPE_CHECKING:
    from prometheus_client import Metric

Figures: TypeAlias = Mapping[tuple[str, ...], float]

GATEWAY_NAMES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "cascade_http_responses": ("counter", ("path", "status"), "Responses of the server; 499: the client hung up."),
    "cascade_http_in_flight": ("gauge", (), "Requests that are being answered."),
    "cascade_http_running": ("gauge", (), "Requests that hold a slot."),
    "cascade_http_waiting": ("gauge", (), "Requests that wait for a slot."),
    "cascade_http_replayed": ("counter", (), "Requests that the same request before them had paid for."),
    "cascade_http_bypassed": ("counter", (), "Requests that the reference answered since the cascade failed."),
}
"""Every metric of the server: type, labels, help."""


class GatewayMetrics:
    """The body of `/metrics`."""

    def __init__(self, log: Log | None, figures: Callable[[], Mapping[str, Figures]]) -> None:
        """Take the decision log, and what gives the figures of `GATEWAY_NAMES` by label values."""
        self._totals = None if log is None else LogTotals(log)
        self._figures, self._counting = figures, threading.Lock()

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the body, and its content type."""
        figures = self._figures()
        return await asyncio.to_thread(self._exposed, figures, accept)

    def _exposed(self, figures: Mapping[str, Figures], accept: str) -> tuple[bytes, str]:
        with self._counting:
            return exposition(lambda: self._families(figures), accept)

    def _families(self, figures: Mapping[str, Figures]) -> Iterator[Metric]:
        require_extra("serve", "prometheus_client", use="/metrics")
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, (kind, labels, said) in GATEWAY_NAMES.items():
            family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, said, labels=labels)
            for values, figure in figures[name].items():
                family.add_metric([*values], float(figure))
            yield family
        if self._totals is not None:
            yield from families(self._totals.refresh())
