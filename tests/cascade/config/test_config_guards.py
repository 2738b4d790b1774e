"""What cascade.yaml says about guards: limits, endpoints, paces, breakers; and how it tells what cannot be meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cascade import Breaker, ConfigError, Price, RateLimit, RetryBudget, ScriptedClient
from cascade.config import load_config
from cascade.config.loading import Config
from cascade.settings import ObserveLimits


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Config]:
    """Return what reads a configuration."""

    def loaded(text: str) -> Config:
        path = tmp_path / "cascade.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return loaded


def complaint(load: Callable[[str], Config], text: str) -> str:
    with pytest.raises(ConfigError) as error:
        load(text)
    return str(error.value)


GUARDED = """\
ladder: [{model: embedded/small}, {model: embedded/large}]
guards:
  usd_per_day: 20
  principal_usd_per_day: 0.5
  escalation_cap: {rate: 0.3, window: 500, on_cap: error}
"""


def test_limits_across_requests_are_configured_once(load):
    config = load(GUARDED)
    cap = config.limits.escalation_cap
    assert (config.limits.usd_per_day, config.limits.principal_usd_per_day) == (20.0, 0.5)
    assert (cap.rate, cap.window, cap.per_principal, cap.on_cap) == (0.3, 500, True, "error")
    with config.open(client=ScriptedClient(default="x")) as app:
        assert app.limits == config.limits


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("usd_per_day: -1", "guards.usd_per_day"),
        ("escalation_cap: {rate: 1.2}", "guards.escalation_cap.rate"),
        ("escalation_cap: {rate: 0.001, window: 100}", "a window of"),
        ("escalation_cap: {}", "rate"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused_with_its_place(load, wrong, told):
    text = f"ladder: [{{model: embedded/small}}]\nguards:\n  {wrong}\n"
    assert told in complaint(load, text)


def test_a_task_has_no_limits_of_its_own(load):
    text = "ladder: [{model: embedded/small}]\ntasks: {a: {usd_per_day: 1}}\n"
    assert "usd_per_day" in complaint(load, text)


SEVERAL = """\
ladder:
  - model: openai/gpt-5-nano
    name: small
    context_window: 128000
    endpoints:
      - {api_base: "https://eu.test/v1", api_key: "${EU_KEY:-none}", rpm: 600, tpm: 200000}
      - {name: az, model: azure/nano, price: {input_per_mtok: 1, output_per_mtok: 2}}
  - {model: embedded/large, rpm: 60}
providers: {openai: {rpm: 5000}}
guards:
  on_content_filter: escalate
  breaker: {open_s: 20, least: 5}
  retry_budget: {rate: 0.05, burst: 3}
"""


def test_endpoints_paces_breaker_and_retry_budget_are_configured_once(load):
    config = load(SEVERAL)
    eu, az = config.ladder.rung("small").endpoints
    assert (eu.name, eu.rpm, eu.tpm, eu.model) == ("eu.test", 600.0, 200_000.0, None)
    assert (az.name, az.model, az.price) == ("az", "azure/nano", Price(input_usd=1e-6, output_usd=2e-6))
    assert (config.ladder.rung("small").context_window, config.ladder.top.rpm) == (128_000, 60.0)
    assert config.limits.breaker == Breaker(open_s=20, least=5)
    assert config.limits.retry_budget == RetryBudget(rate=0.05, burst=3)
    assert config.limits.providers == {"openai": RateLimit(rpm=5000)}
    assert config.settings.on_content_filter == "escalate"


def test_a_breaker_can_be_left_out(load):
    assert load("ladder: [{model: embedded/small}]\nguards: {breaker: false}\n").limits.breaker is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("ladder: [{model: a/b, endpoints: []}]", "ladder[0].endpoints"),
        ("ladder: [{model: a/b, endpoints: [{name: x}, {name: x}]}]", "two endpoints are called 'x'"),
        ("ladder: [{model: a/b, rpm: 5, endpoints: [{name: x}]}]", "has both endpoints and rpm"),
        ("ladder: [{model: a/b, endpoints: [{rpm: 0}]}]", "ladder[0].endpoints[0].rpm"),
        ("ladder: [{model: a/b, endpoints: [{price: {}}]}]", "ladder[0].endpoints[0].price"),
        ("ladder: [{model: a/b}]\nguards: {breaker: {least: 30}}", "breaker.least is 30"),
        ("ladder: [{model: a/b}]\nguards: {breaker: {rate: 0}}", "breaker.rate is 0"),
        ("ladder: [{model: a/b}]\nguards: {retry_budget: {burst: -1}}", "guards.retry_budget.burst"),
        ("ladder: [{model: a/b}]\nproviders: {openai: {rpm: x}}", "providers.openai.rpm"),
    ],
)
def test_endpoints_and_guards_that_cannot_be_meant_are_refused_with_their_place(load, wrong, told):
    assert told in complaint(load, wrong + "\n")


OBSERVED = """\
ladder: [{model: embedded/small, allow: {region: [eu]}}, {model: embedded/large}]
log: decisions.db
mode: observe
observe: {share: 0.5, max_usd_per_day: 2, concurrency: 3, queue: 10, providers: [openai]}
tasks:
  orders: {mode: enforce, share: 0.05}
"""


def test_what_is_observed_is_configured_for_all_tasks_and_for_one(load):
    config = load(OBSERVED)
    assert (config.settings.mode, config.settings.share) == ("observe", 1.0)
    assert (config.tasks["orders"].mode, config.tasks["orders"].share) == ("enforce", 0.05)
    assert config.observe == ObserveLimits(
        share=0.5, max_usd_per_day=2.0, concurrency=3, queue=10, providers=("openai",)
    )
    assert config.ladder.rungs[0].allow == {"region": ("eu",)}
    with config.open(client=ScriptedClient(default="x")) as app:
        assert app.run("x").mode == "observe"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("mode: watch", 'mode: found "watch"'),
        ("share: 1.5", "share"),
        ("observe: {share: -0.1}", "observe.share"),
        ("observe: {queue: -1}", "observe.queue"),
        ("mode: observe", "set `log:`"),
        ("tasks: {orders: {share: 0.5}}", "tasks.orders: it observes"),
        ("share: 0", "share: it observes"),
    ],
)
def test_observing_that_cannot_be_is_refused_with_its_place(load, wrong, told):
    assert told in complaint(load, f"ladder: [{{model: embedded/small}}]\n{wrong}\n")
